"""The header of a WAV stream, in pieces."""

from __future__ import annotations

import struct

import pytest

from streaming.media.live.wav import WavFormat, WavHeader


def chunk(name: bytes, body: bytes, length: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if length is None else length) + body


def form(tag: int = 1, channels: int = 1, bits: int = 16, more: bytes = b"") -> bytes:
    frame = channels * bits // 8
    fields = struct.pack("<HHIIHH", tag, channels, 16_000, 16_000 * frame, frame, bits)
    return chunk(b"fmt ", fields + more)


HEAD = b"RIFF\xff\xff\xff\xffWAVE"
LIVE = chunk(b"data", b"", 0xFFFF_FFFF)


@pytest.mark.parametrize("size", [1, 5, 64])
def test_samples_begin_behind_the_header_however_it_is_cut(size: int) -> None:
    data = HEAD + chunk(b"LIST", b"abc\0") + form() + LIVE + b"samples"
    it, out = WavHeader(), b""
    through = False
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        if through:
            out += piece
        elif (samples := it.push(piece)) is not None:
            through, out = True, samples
    assert out == b"samples"
    assert it.format == WavFormat("pcm_s16le", 16_000, 1, 2)


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        (form(3, 2, 32), "pcm_f32le"),
        (form(7, 1, 8), "pcm_mulaw"),
        (form(6, 1, 8), "pcm_alaw"),
        (form(1, 1, 24), "pcm_s24le"),
        (form(0xFFFE, 1, 16, struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14)), "pcm_s16le"),
    ],
)
def test_what_the_samples_are(head: bytes, codec: str) -> None:
    it = WavHeader()
    assert it.push(HEAD + head + LIVE) == b""
    assert it.format is not None
    assert it.format.codec == codec


@pytest.mark.parametrize(
    "data",
    [
        HEAD + LIVE,
        HEAD + form(2, 1, 4) + LIVE,
        HEAD + form(1, 0) + LIVE,
        HEAD + chunk(b"fmt ", b"short") + LIVE,
        HEAD + chunk(b"junk", b"", 0xFFFF_FFF0),
    ],
)
def test_damage_is_said(data: bytes) -> None:
    with pytest.raises(ValueError, match="is a WAV stream"):
        WavHeader().push(data)
