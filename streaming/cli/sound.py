"""What the commands hear: files, and raw samples from standard input."""

from __future__ import annotations

import os
from typing import BinaryIO, cast

from streaming.audio.formats import AudioFormat
from streaming.cli.errors import CommandError
from streaming.cli.inputs import Input
from streaming.media import Sound, open_media, open_pcm

__all__ = ["Sound", "open_file", "open_stdin"]

_MOST_NAME_CHARS = 56
# How files begin that are not raw samples. Decoded as raw they would be noise.
_SIGNATURES = {
    b"RIFF": "WAV",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"ID3": "MP3",
    b"\x1aE\xdf\xa3": "Matroska or WebM",
}


def open_file(source: Input, *, mix: bool) -> Sound:
    """Open a media file; raises :class:`~streaming.media.MediaError`."""
    assert source.path is not None  # noqa: S101 - standard input is opened by open_stdin
    # Errors cut long names short, and the end of a path says more than its beginning.
    name = source.name if len(source.name) <= _MOST_NAME_CHARS else source.path.name
    return Sound(open_media(source.path, name=name, mix=mix), mix=mix, live=False)


def open_stdin(stream: BinaryIO, audio_format: AudioFormat, *, mix: bool) -> Sound:
    """Take raw samples from standard input.

    Raises :class:`~streaming.cli.errors.CommandError` where a terminal or a media file is given.
    """
    if stream.isatty():
        raise CommandError(
            "FILE: '-' reads raw audio from standard input, which is a terminal; pipe audio in, "
            "or use `wirescribe listen` for the microphone"
        )
    return Sound(open_pcm(cast(BinaryIO, _RawOnly(stream)), audio_format), mix=mix, live=True)


class _RawOnly:
    """A stream of raw samples that refuses to be a media file."""

    def __init__(self, stream: BinaryIO) -> None:
        # Not through its buffer: a thread that waits there holds a lock that Python wants at exit.
        self._descriptor = stream.fileno()
        self._first = True

    def read(self, size: int) -> bytes:
        """Return what is there, at most ``size`` bytes."""
        data = os.read(self._descriptor, size)
        if self._first:
            self._first = False
            for start, kind in _SIGNATURES.items():
                if data.startswith(start):
                    raise CommandError(
                        f"standard input is a {kind} file, not raw samples; give the file's name "
                        "instead of '-'"
                    )
        return data
