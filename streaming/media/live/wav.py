"""The header of a WAV stream, whatever it says of a length: a live one has no length to tell."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_CODECS: Final = {
    (_PCM, 8): "pcm_u8",
    (_PCM, 16): "pcm_s16le",
    (_PCM, 24): "pcm_s24le",
    (_PCM, 32): "pcm_s32le",
    (_FLOAT, 32): "pcm_f32le",
    (_FLOAT, 64): "pcm_f64le",
    (_ALAW, 8): "pcm_alaw",
    (_MULAW, 8): "pcm_mulaw",
}
_MOST_HEADER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class WavFormat:
    """What the samples are: FFmpeg's name for them, their rate, and the bytes of one frame."""

    codec: str
    sample_rate: int
    channels: int
    frame_bytes: int


class WavHeader:
    """One stream's header, in pieces; ``format`` is known once it is through."""

    def __init__(self) -> None:
        self.format: WavFormat | None = None
        self._data = b""
        self._at = 12

    def push(self, data: bytes) -> bytes | None:
        """Take bytes; return the samples behind the header, None before they begin.

        ValueError, safe to show, for what can't be decoded.
        """
        self._data += data
        while len(self._data) >= self._at + 8:
            name, length = struct.unpack_from("<4sI", self._data, self._at)
            if name == b"data":
                if self.format is None:
                    raise ValueError("is a WAV stream without a format")
                return self._data[self._at + 8 :]
            end = self._at + 8 + length + length % 2
            if end > _MOST_HEADER:
                raise ValueError("is a WAV stream with a damaged header")
            if name == b"fmt ":
                if len(self._data) < end:
                    return None
                self.format = _read(self._data[self._at + 8 : end])
            self._at = end
        return None


def _read(chunk: bytes) -> WavFormat:
    if len(chunk) < 16:
        raise ValueError("is a WAV stream with a damaged header")
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    codec = _CODECS.get((tag, bits))
    if codec is None:
        raise ValueError(f"is a WAV stream in a coding that is not taken here: {tag}, {bits} bits")
    if not channels or frame_bytes != channels * bits // 8:
        raise ValueError("is a WAV stream with a damaged header")
    return WavFormat(codec, rate, channels, frame_bytes)
