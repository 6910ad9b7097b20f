"""G.711 telephone speech: µ-law and A-law bytes to 16-bit samples and back.

ITU-T G.711 codes 14-bit (µ-law) or 13-bit (A-law) samples in one byte with a sign, a three-bit
exponent and a four-bit mantissa. Decoded samples are scaled to 16 bits as is usual, µ-law by 4
and A-law by 8. Decoding is one table look-up per byte. (The standard library's ``audioop`` did
this until Python 3.13 dropped it.)
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Int16Samples = npt.NDArray[np.int16]

_ULAW_BIAS: Final = 0x84
_ULAW_CLIP: Final = 32_635
_ALAW_MASK: Final = 0x55


def _ulaw_table() -> Int16Samples:
    code = ~np.arange(256) & 0xFF
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    magnitude = (((mantissa << 3) + _ULAW_BIAS) << exponent) - _ULAW_BIAS
    return _frozen(np.where(code & 0x80, -magnitude, magnitude))


def _alaw_table() -> Int16Samples:
    code = np.arange(256) ^ _ALAW_MASK
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    # The lowest two of the eight chords share one step size: exponent 0 has no hidden bit.
    step = (mantissa << 4) + 8
    magnitude = np.where(exponent == 0, step, (step + 0x100) << np.maximum(exponent - 1, 0))
    return _frozen(np.where(code & 0x80, magnitude, -magnitude))


def _frozen(values: npt.NDArray[np.int64]) -> Int16Samples:
    table = values.astype(np.int16)
    table.flags.writeable = False
    return table


ULAW_TO_INT16: Final = _ulaw_table()
ALAW_TO_INT16: Final = _alaw_table()


def decode_ulaw(data: bytes | bytearray | memoryview) -> Int16Samples:
    """Return one int16 sample per µ-law byte."""
    return ULAW_TO_INT16[np.frombuffer(data, np.uint8)]


def decode_alaw(data: bytes | bytearray | memoryview) -> Int16Samples:
    """Return one int16 sample per A-law byte."""
    return ALAW_TO_INT16[np.frombuffer(data, np.uint8)]


def encode_ulaw(samples: Int16Samples) -> bytes:
    """Return one µ-law byte per int16 sample, by the bias-and-exponent rule of G.711."""
    wide = np.asarray(samples).astype(np.int32)
    # Two bits are dropped first, rounding towards minus infinity: the code's input is 14 bits.
    wide = (wide >> 2) << 2
    sign = np.where(wide < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(wide), _ULAW_CLIP) + _ULAW_BIAS
    exponent = _floor_log2(magnitude) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return _bytes(~(sign | (exponent << 4) | mantissa))


def encode_alaw(samples: Int16Samples) -> bytes:
    """Return one A-law byte per int16 sample, by the exponent rule of G.711."""
    wide = np.asarray(samples).astype(np.int32) >> 3
    sign = np.where(wide < 0, 0, 0x80)
    # One's complement for the negative half: A-law has two codes around zero, and no zero.
    magnitude = np.where(wide < 0, ~wide, wide)
    exponent = np.maximum(_floor_log2(np.maximum(magnitude, 1)) - 4, 0)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 0x0F
    return _bytes((sign | (exponent << 4) | mantissa) ^ _ALAW_MASK)


def _bytes(codes: npt.NDArray[np.int32]) -> bytes:
    return (codes & 0xFF).astype(np.uint8).tobytes()


def _floor_log2(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return (np.frexp(values.astype(np.float64))[1] - 1).astype(np.int32)
