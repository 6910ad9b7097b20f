"""WAV files of every kind, read with nothing but Python: PCM, float, µ-law, A-law, RF64.

The layout is that of Microsoft's RIFF (1994) with WAVE_FORMAT_EXTENSIBLE, and of EBU Tech 3306
(RF64) for files beyond 4 GiB.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal

from streaming.client.errors import RecordingError

Samples = Literal["u8", "s16", "s24", "s32", "f32", "f64", "mulaw", "alaw"]

_KINDS: dict[tuple[int, int], Samples] = {
    (1, 8): "u8",
    (1, 16): "s16",
    (1, 24): "s24",
    (1, 32): "s32",
    (3, 32): "f32",
    (3, 64): "f64",
    (6, 8): "alaw",
    (7, 8): "mulaw",
}
_EXTENSIBLE = 0xFFFE
_UNKNOWN_SIZE = 0xFFFFFFFF  # of a file written into a pipe, and of one whose size is in ds64
_LONGEST_FORMAT_BYTES = 1024


@dataclass(frozen=True, slots=True)
class WavFormat:
    """What is in a WAV file; ``frames`` is None where only its end will tell."""

    samples: Samples
    sample_rate: int
    channels: int
    frames: int | None
    sample_bytes: int

    @property
    def frame_bytes(self) -> int:
        """One sample of every channel."""
        return self.channels * self.sample_bytes


def is_wav(beginning: bytes) -> bool:
    """Whether a file that begins like this (12 bytes) is a WAV file."""
    return beginning[:4] in (b"RIFF", b"RF64", b"BW64") and beginning[8:12] == b"WAVE"


def read_header(file: BinaryIO) -> WavFormat:
    """Read up to the first sample; raises ``RecordingError`` for what isn't a WAV file with sound.

    The file is read forwards only.
    """
    if not is_wav(file.read(12)):
        raise RecordingError("not a WAV file")
    size: int | None = None
    kind: tuple[Samples, int, int, int] | None = None
    while True:
        name, length = _chunk(file)
        if name == b"data":
            break
        if name == b"ds64":
            size = struct.unpack("<Q", _exactly(file, length)[8:16])[0]
        elif name == b"fmt ":
            if length > _LONGEST_FORMAT_BYTES:
                raise RecordingError("a damaged WAV file: its format is too long")
            kind = _format(_exactly(file, length))
        else:
            _skip(file, length)
        _skip(file, length % 2)
    if kind is None:
        raise RecordingError("a damaged WAV file: its sound comes before its format")
    samples, channels, rate, width = kind
    if length not in (0, _UNKNOWN_SIZE):  # 0: a program that could not go back to write it
        size = length
    frames = None if size is None else size // (channels * width)
    return WavFormat(samples, rate, channels, frames, width)


def _format(fields: bytes) -> tuple[Samples, int, int, int]:
    if len(fields) < 16:
        raise RecordingError("a damaged WAV file: its format is too short")
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fields[:16])
    if tag == _EXTENSIBLE and len(fields) >= 26:
        tag = struct.unpack("<H", fields[24:26])[0]
    if (samples := _KINDS.get((tag, bits))) is None:
        raise RecordingError(f"WAV format {tag} with {bits} bits is not one of PCM, float or G.711")
    if channels < 1 or rate < 1:
        raise RecordingError(f"a damaged WAV file: {channels} channels at {rate} Hz")
    return samples, channels, rate, bits // 8


def _chunk(file: BinaryIO) -> tuple[bytes, int]:
    name, length = struct.unpack("<4sI", _exactly(file, 8))
    return name, length


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise RecordingError("a damaged WAV file: it ends before its sound begins")
    return data


def _skip(file: BinaryIO, size: int) -> None:
    while size > 0:
        size -= len(_exactly(file, min(size, 65_536)))
