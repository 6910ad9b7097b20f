from __future__ import annotations

import io
import struct
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.client.samples import as_s16, for_the_wire, mixed
from streaming.client.wav import Samples


def by_ffmpeg(data: bytes, form: str) -> list[int]:
    """What FFmpeg makes of raw samples."""
    with av.open(io.BytesIO(data), format=form, options={"ar": "8000"}) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
        frames: list[Any] = [
            out for frame in container.decode(audio=0) for out in resampler.resample(frame)
        ]
    return [int(value) for frame in frames for value in frame.to_ndarray()[0]]


@pytest.mark.parametrize("kind", ["mulaw", "alaw"])
def test_every_byte_of_g711_is_what_ffmpeg_takes_it_for(kind: Samples) -> None:
    data = bytes(range(256))
    assert list(np.frombuffer(as_s16(data, kind), "<i2")) == by_ffmpeg(data, kind)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("u8", bytes([0, 128, 255]), [-32768, 0, 32512]),
        ("s16", struct.pack("<3h", -5, 0, 5), [-5, 0, 5]),
        ("s24", b"\xff\x34\x12" + b"\x00\x00\x80", [0x1234, -32768]),
        ("s32", struct.pack("<2i", 0x12345678, -(2**31)), [0x1234, -32768]),
        ("f32", struct.pack("<5f", -1, 0, 0.5, 2, float("nan")), [-32768, 0, 16384, 32767, 0]),
        ("f64", struct.pack("<2d", -0.25, 1), [-8192, 32767]),
    ],
)
def test_16_bits_of_every_kind(kind: Samples, data: bytes, expected: list[int]) -> None:
    assert list(np.frombuffer(as_s16(data, kind), "<i2")) == expected


def test_what_servers_read_travels_as_it_is() -> None:
    kinds: tuple[Samples, ...] = ("s16", "f32", "mulaw", "alaw")
    for kind in kinds:
        assert for_the_wire(b"abcd", kind) == b"abcd"
    assert for_the_wire(struct.pack("<d", 0.5), "f64") == struct.pack("<f", 0.5)
    assert for_the_wire(b"\x80", "u8") == b"\0\0"


@given(st.lists(st.lists(st.integers(-32768, 32767), min_size=3, max_size=3), max_size=50))
def test_mixed_channels_are_their_mean(frames: list[list[int]]) -> None:
    data = np.array(frames, "<i2").tobytes()
    wanted = [sum(frame) // 3 for frame in frames]
    assert list(np.frombuffer(mixed(data, 3), "<i2")) == wanted
