"""Coded sound from strangers: what is read in Python, and what FFmpeg is given, in children.

``python -m tests.fuzz.media`` is the mother of those children: she forks for each input.
"""

from __future__ import annotations

import functools
import io
import os
import signal
import struct
import subprocess
import sys
import traceback
from pathlib import Path
from typing import IO, Final

import numpy as np

from streaming.media import MediaError
from streaming.media.confine import confine
from streaming.media.live import Coding, Form, wire
from streaming.media.live.feed import Feed, ServerGone
from streaming.media.live.flac import FlacFrames
from streaming.media.live.sniff import sniff
from streaming.media.live.wav import WavHeader
from streaming.media.live.wire import Ask, Tell

_ROOT: Final = Path(__file__).resolve().parents[2]
_LENGTH: Final = struct.Struct("<I")
_LONGEST_S: Final = 10
_DEFECT: Final = 70


# -- what is read in Python --------------------------------------------------------------------


def splitters(data: bytes) -> None:
    """Headers and frames are the same however the bytes are cut; damage is a ValueError."""
    size, body = 1 + (data[0] if data else 0), data[1:]
    sniff(body[:16])
    assert _frames(body, size) == _frames(body, len(body) or 1)
    assert _samples(body, size) == _samples(body, len(body) or 1)


def _frames(data: bytes, size: int) -> bytes | None:
    """The bytes of all frames: where it begins amid one, its end shows by what follows alone."""
    it = FlacFrames()
    out = [frame for at in range(0, len(data), size) for frame in it.push(data[at : at + size])]
    assert all(out)
    return b"".join([*out, *it.finish()])


def _samples(data: bytes, size: int) -> tuple[object, bytes] | str:
    it, out = WavHeader(), b""
    through = False
    try:
        for at in range(0, len(data), size):
            if through:
                out += data[at : at + size]
            elif (samples := it.push(data[at : at + size])) is not None:
                through, out = True, samples
    except ValueError as error:
        assert str(error).startswith("is a WAV stream")
        return str(error)
    return it.format, out


# -- what FFmpeg is given ----------------------------------------------------------------------


def media(data: bytes) -> None:
    """Whatever comes is sound, or refused; FFmpeg alone may bring its process down."""
    mother = _mother()
    assert mother.stdin is not None
    assert mother.stdout is not None
    mother.stdin.write(_LENGTH.pack(len(data)) + data)
    mother.stdin.flush()
    (length,) = _LENGTH.unpack(mother.stdout.read(_LENGTH.size))
    told = mother.stdout.read(length).decode()
    assert not told, told


@functools.cache
def _mother() -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "tests.fuzz.media"]
    return subprocess.Popen(
        program, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _attempt(data: bytes) -> None:
    """Decode in this process: form and pieces are in the first bytes."""
    from streaming.media.live.worker import decode

    choice, step, body = (data[0], 1 + data[1] * 4, data[2:]) if len(data) > 1 else (0, 1, b"")
    channels = 1 + (choice >> 4) % 2
    coding = Coding(tuple(Form)[choice % 3], channels, 1 + (choice >> 6) % 2)
    asked = [(Ask.CODING, wire.pack_coding(coding))]
    for at in range(0, len(body), step):
        asked.append((Ask.DATA, body[at : at + step]))
        if at % 7 == 3:
            asked.append((Ask.FLUSH, b""))
    asked.append((Ask.END, b""))
    out = io.BytesIO()
    try:
        decode(Feed(io.BytesIO(b"".join(wire.packed(*each) for each in asked)), out))
    except MediaError as error:
        assert error.field in ("audio", "channels")
        assert len(error.message) < 300
    except (ServerGone, MemoryError):
        pass
    _check(out, channels)


def _check(out: IO[bytes], channels: int) -> None:
    """Only sound that a session can take, in blocks of a second at most."""
    out.seek(0)
    while header := out.read(wire.HEADER.size):
        letter, length = wire.unpacked(header)
        payload = out.read(length)
        if letter == Tell.BLOCK.value:
            assert 0 < length <= 64_000 * channels
            sound = np.frombuffer(payload, "<f4").reshape(-1, channels)
            assert np.isfinite(sound).all()
            assert np.abs(sound).max() <= 1


def main() -> None:
    """Fork for each input; answer with nothing, or with what was wrong."""
    import streaming.media.live.worker  # noqa: F401 - once, for all children

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        data = source.read(_LENGTH.unpack(head)[0])
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _child(data, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            told = told or b"it takes more than ten seconds"
        answers.write(_LENGTH.pack(len(told)) + told)
        answers.flush()


def _child(data: bytes, writing: int) -> None:
    confine()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_LONGEST_S)
    try:
        _attempt(data)
    except BaseException:
        os.write(writing, traceback.format_exc().encode()[-4_000:])
        os._exit(_DEFECT)
    os._exit(0)


if __name__ == "__main__":
    main()
