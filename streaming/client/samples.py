"""Samples of one kind made samples of another, without a library: slices of bytes and tables."""

from __future__ import annotations

import sys
from array import array
from functools import cache
from typing import Any

from streaming.client.options import Encoding
from streaming.client.wav import Samples

WIRE: dict[Samples, Encoding] = {
    "s16": "pcm_s16le",
    "f32": "pcm_f32le",
    "f64": "pcm_f32le",
    "mulaw": "mulaw",
    "alaw": "alaw",
}
"""How samples travel that needn't become 16-bit ones; servers read these encodings."""


def for_the_wire(data: bytes, kind: Samples) -> bytes:
    """Samples in the encoding that ``WIRE`` names for their kind, else as 16-bit ones."""
    if kind == "f64":
        return _little(array("f", _array("d", data)))
    return data if kind in WIRE else as_s16(data, kind)


def as_s16(data: bytes, kind: Samples) -> bytes:
    """Samples as 16-bit ones, little-endian; finer ones are cut short."""
    match kind:
        case "u8":
            made = bytearray(2 * len(data))
            made[1::2] = data.translate(_SIGNED)
            return bytes(made)
        case "s24" | "s32":
            width = 3 if kind == "s24" else 4
            made = bytearray(len(data) // width * 2)
            made[0::2] = data[width - 2 :: width]
            made[1::2] = data[width - 1 :: width]
            return bytes(made)
        case "f32" | "f64":
            values = _array("f" if kind == "f32" else "d", data)
            return _little(array("h", (_clipped(value) for value in values)))
        case "mulaw" | "alaw":
            table = _mulaw() if kind == "mulaw" else _alaw()
            return _little(array("h", map(table.__getitem__, data)))
    return data


def mixed(data: bytes, channels: int) -> bytes:
    """16-bit samples of several channels as one: their mean, which can't clip."""
    samples = _array("h", data)
    sums = map(sum, zip(*(samples[channel::channels] for channel in range(channels)), strict=True))
    return _little(array("h", (total // channels for total in sums)))


_SIGNED = bytes(value ^ 0x80 for value in range(256))


def _clipped(value: float) -> int:
    if value != value:  # not a number
        return 0
    return round(max(-1.0, min(value, 32767 / 32768)) * 32768)


def _array(code: str, data: bytes) -> array[Any]:
    values: array[Any] = array(code, data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _little(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


@cache
def _mulaw() -> list[int]:
    """ITU-T G.711, µ-law: a value of 16 bits for each byte."""

    def value(byte: int) -> int:
        byte ^= 0xFF
        size = (((byte & 0x0F) << 3) + 0x84 << (byte >> 4 & 7)) - 0x84
        return -size if byte & 0x80 else size

    return [value(byte) for byte in range(256)]


@cache
def _alaw() -> list[int]:
    """ITU-T G.711, A-law: a value of 16 bits for each byte."""

    def value(byte: int) -> int:
        byte ^= 0x55
        exponent = byte >> 4 & 7
        size = ((byte & 0x0F) << 4) + 8
        if exponent:
            size = size + 0x100 << exponent - 1
        return size if byte & 0x80 else -size

    return [value(byte) for byte in range(256)]
