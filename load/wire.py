"""The bytes of a stream: float samples in the encoding that the session asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from load.decode import Samples
from streaming.client import Encoding

Bytes = bytes | memoryview

WIDTHS: dict[Encoding, int] = {"pcm_s16le": 2, "pcm_f32le": 4, "mulaw": 1, "alaw": 1}
"""Bytes a sample of each encoding."""


@dataclass(frozen=True, slots=True)
class WireFormat:
    """Encoding, sample rate in Hz and number of interleaved channels."""

    encoding: Encoding = "pcm_s16le"
    sample_rate: int = 16000
    channels: int = 1

    def __post_init__(self) -> None:
        if self.encoding not in WIDTHS:
            raise ValueError(f"encoding {self.encoding!r}: one of {', '.join(WIDTHS)}")
        if self.sample_rate <= 0 or self.channels <= 0:
            raise ValueError(f"sample_rate {self.sample_rate} × channels {self.channels}")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return WIDTHS[self.encoding] * self.channels

    def encode(self, samples: Samples) -> bytes:
        """Interleaved bytes of ``float32[channels, frames]``."""
        if samples.shape[0] != self.channels:
            raise ValueError(f"{samples.shape[0]} channels of samples for {self.channels}")
        interleaved = np.clip(samples.T.reshape(-1), -1.0, 1.0)
        if self.encoding == "pcm_f32le":
            return interleaved.astype("<f4").tobytes()
        linear = to_s16(interleaved)
        if self.encoding == "mulaw":
            return encode_mulaw(linear).tobytes()
        if self.encoding == "alaw":
            return encode_alaw(linear).tobytes()
        return linear.astype("<i2").tobytes()


def to_s16(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """Nearest 16-bit values of samples in −1..1."""
    rounded: npt.NDArray[np.int16] = np.rint(samples * 32767.0).astype(np.int16)
    return rounded


def encode_mulaw(linear: npt.NDArray[np.int16]) -> npt.NDArray[np.uint8]:
    """G.711 µ-law: sign, segment and four mantissa bits of the biased magnitude, inverted."""
    value = linear.astype(np.int32)
    sign = np.where(value < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(value), 32635) + 132
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (segment + 3)) & 0x0F
    coded: npt.NDArray[np.uint8] = (~(sign | (segment << 4) | mantissa) & 0xFF).astype(np.uint8)
    return coded


def encode_alaw(linear: npt.NDArray[np.int16]) -> npt.NDArray[np.uint8]:
    """G.711 A-law: sign, segment, four mantissa bits of 13-bit magnitudes; even bits inverted."""
    value = linear.astype(np.int32) >> 3
    sign = np.where(value >= 0, 0x80, 0)
    magnitude = np.where(value >= 0, value, -value - 1)
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0)
    mantissa = (magnitude >> np.where(segment < 2, 1, segment)) & 0x0F
    coded: npt.NDArray[np.uint8] = ((sign | (segment << 4) | mantissa) ^ 0x55).astype(np.uint8)
    return coded
