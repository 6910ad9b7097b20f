from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from load.wire import WireFormat, encode_alaw, encode_mulaw
from streaming.audio.g711 import decode_alaw, decode_ulaw


def test_sixteen_bit_is_interleaved_and_clipped() -> None:
    samples = np.array([[0.0, 1.0, 2.0], [0.5, -1.0, -2.0]], np.float32)
    coded = np.frombuffer(WireFormat(channels=2).encode(samples), "<i2")
    assert coded.tolist() == [0, 16384, 32767, -32767, 32767, -32767]


def test_floats_go_as_they_are() -> None:
    samples = np.array([[0.25, -0.5]], np.float32)
    coded = WireFormat("pcm_f32le", 48000).encode(samples)
    assert np.frombuffer(coded, "<f4").tolist() == [0.25, -0.5]


def test_g711_by_the_published_values() -> None:
    # ITU-T G.711: 0, full scale and the first steps of each law.
    linear = np.array([0, -1, 32767, -32768, 1000, -1000], np.int16)
    assert encode_mulaw(linear).tolist() == [0xFF, 0x7F, 0x80, 0x00, 0xCE, 0x4E]
    assert encode_alaw(linear).tolist() == [0xD5, 0x55, 0xAA, 0x2A, 0xFA, 0x7A]


@pytest.mark.parametrize(
    ("encode", "decode"), [(encode_mulaw, decode_ulaw), (encode_alaw, decode_alaw)]
)
def test_g711_comes_back_within_half_a_step(
    encode: Callable[[npt.NDArray[np.int16]], npt.NDArray[np.uint8]],
    decode: Callable[[bytes], npt.NDArray[np.int16]],
) -> None:
    linear = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)
    back = decode(encode(linear).tobytes())
    off = np.abs(back.astype(np.int32) - linear.astype(np.int32))
    # Sixteen steps to a segment that doubles: half a step is 1/32 of the biased magnitude.
    assert np.all(off <= (np.abs(linear.astype(np.int32)) + 132) / 32 + 8)


def test_what_cannot_be_a_format() -> None:
    with pytest.raises(ValueError, match="'opus'"):
        WireFormat("opus")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sample_rate 0"):
        WireFormat(sample_rate=0)
    with pytest.raises(ValueError, match="1 channels of samples for 2"):
        WireFormat(channels=2).encode(np.zeros((1, 4), np.float32))
