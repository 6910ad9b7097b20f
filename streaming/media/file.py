"""Media files, decoded in a process of their own.

FFmpeg and PyAV are C code that reads what strangers send; there are files that end the process
which decodes them. So that is never the server's: the worst a file does is to be refused.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO, Final

import streaming
from streaming.audio import SAMPLE_RATE
from streaming.errors import shown
from streaming.media import messages
from streaming.media.base import BLOCK_SAMPLES, Media, MediaError, Samples
from streaming.media.messages import Kind

_PACKAGE_PARENT: Final = Path(streaming.__file__).resolve().parent.parent
_ALARM: Final = 14  # on every system that has it; Windows has none
_BROKEN: Final = "brings the decoder down"
_ENDING_S: Final = 5.0  # for a process that has closed its output to be gone
_STUCK: Final = "makes the decoder stand still"


def open_media(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    name: str | None = None,
    mix: bool = False,
    block_samples: int = BLOCK_SAMPLES,
    patience_s: float | None = None,
) -> Media:
    """Open a media file by path, or as a binary stream that the caller closes.

    The best audio stream is decoded, from the source's beginning. ``mix`` folds its channels into
    one; otherwise all are kept, 8 at most. ``name`` is what errors call the source, by default
    the file's name. With ``patience_s`` a file is given up when decoding it brings nothing for so
    long; without, it may be a pipe on which nothing arrives for hours. Raises
    :class:`MediaError`, here or while its blocks are read. Blocks the calling thread.
    """
    with ExitStack() as inputs:
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            name = name or path.name or str(path)
            try:
                file: IO[bytes] = inputs.enter_context(path.open("rb"))
            except (OSError, ValueError) as error:
                raise MediaError.of(name, _unopened(error)) from error
        else:
            name = name or "stream"
            file = _with_descriptor(source, inputs)
        # It gets a descriptor of its own; ours are closed at once.
        process = _start(
            file, name=name, mix=mix, block_samples=block_samples, patience_s=patience_s
        )
    running = ExitStack()
    running.push(process)
    running.callback(process.kill)
    output = process.stdout
    assert output is not None  # noqa: S101 - asked for with PIPE
    try:
        match messages.read(output):
            case Kind.INFO, payload:
                info = messages.unpack_info(payload)
            case Kind.ERROR, payload:
                raise MediaError(payload.decode(), field="file")
            case _:
                raise MediaError.of(name, f"can't be decoded: it {_end(process)}")
    except BaseException:
        running.close()
        raise
    return Media(info, lambda media: _blocks(media, output, process), running.close)


def _start(file: IO[bytes], **options: object) -> subprocess.Popen[bytes]:
    # The server's settings hold secrets that a decoder has no use for.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WIRESCRIBE_")}
    paths = [str(_PACKAGE_PARENT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    environment["OPENBLAS_NUM_THREADS"] = "1"
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "streaming.media.worker", json.dumps(options)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _with_descriptor(source: BinaryIO, inputs: ExitStack) -> IO[bytes]:
    """The source itself where the system knows it as a file or pipe, else a copy on disk."""
    seekable = source.seekable()
    if seekable:
        source.seek(0)
    try:
        source.fileno()
    except (OSError, AttributeError):
        copy = inputs.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        shutil.copyfileobj(source, copy)
        copy.flush()
        copy.seek(0)
        return copy
    if seekable:
        os.lseek(source.fileno(), 0, os.SEEK_SET)
    return source


def _blocks(media: Media, output: IO[bytes], process: subprocess.Popen[bytes]) -> Iterator[Samples]:
    info, decoded_samples = media.info, 0
    while True:
        match messages.read(output):
            case Kind.BLOCK, payload:
                block = messages.unpack_block(payload, info.channels)
                decoded_samples += block.shape[1]
                yield block
            case Kind.DONE, payload:
                media.damage = payload.decode() or None
                return
            case Kind.ERROR, payload:
                raise MediaError(payload.decode(), field="file")
            case _ if decoded_samples:
                after = f"after {decoded_samples / SAMPLE_RATE:.1f} s"
                media.damage = f"{shown(info.name)} is damaged: it {_end(process)} {after}"
                return
            case _:
                raise MediaError.of(info.name, f"can't be decoded: it {_end(process)}")


def _end(process: subprocess.Popen[bytes]) -> str:
    """Say how the decoder ended that has closed its output without a word."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        if process.wait(_ENDING_S) == -_ALARM:
            return _STUCK
    return _BROKEN


def _unopened(error: BaseException) -> str:
    """Say why a file can't be opened, without its whole path."""
    match error:
        case FileNotFoundError():
            return "does not exist"
        case IsADirectoryError():
            return "is a directory"
        case PermissionError():
            return "may not be read"
        case _:
            return "can't be read"
