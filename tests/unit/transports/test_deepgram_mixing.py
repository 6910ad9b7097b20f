"""Several channels heard as one: the mean of what they say, however the bytes are cut."""

from __future__ import annotations

import numpy as np
import pytest

from streaming.audio.formats import Encoding
from streaming.audio.g711 import ULAW_TO_INT16, encode_alaw, encode_ulaw
from streaming.transports.deepgram_mixing import Mixer

LEFT = np.array([0, 1_000, -2_000, 32_767], "<i2")
RIGHT = np.array([100, 3_000, -4_000, 32_767], "<i2")
BOTH = np.stack((LEFT, RIGHT), axis=1)
MEAN = [50, 2_000, -3_000, 32_767]


@pytest.mark.parametrize("size", [1, 3, 16])
def test_the_mean_of_two(size: int) -> None:
    mixer, data = Mixer(Encoding.PCM_S16LE, 2), BOTH.tobytes()
    mixed = b"".join(mixer.push(data[at : at + size]) for at in range(0, len(data), size))
    assert np.frombuffer(mixed, "<i2").tolist() == MEAN


def test_floats_stay_floats() -> None:
    mixed = Mixer(Encoding.PCM_F32LE, 2).push((BOTH / 32_768).astype("<f4").tobytes())
    assert np.frombuffer(mixed, "<f4") == pytest.approx(np.array(MEAN) / 32_768)


def test_what_is_not_finite_is_left_to_who_refuses_it() -> None:
    mixed = Mixer(Encoding.PCM_F32LE, 2).push(np.array([np.inf, -np.inf], "<f4").tobytes())
    assert np.isnan(np.frombuffer(mixed, "<f4")).all()


def test_codes_of_the_telephone_are_mixed_as_samples() -> None:
    for encoding, encode in ((Encoding.MULAW, encode_ulaw), (Encoding.ALAW, encode_alaw)):
        codes = np.frombuffer(encode(BOTH.reshape(-1)), np.uint8).tobytes()
        mixed = np.frombuffer(Mixer(encoding, 2).push(codes), "<i2")
        assert mixed == pytest.approx(MEAN, rel=0.05, abs=40)
    silence = int(np.flatnonzero(ULAW_TO_INT16 == 0)[0])
    assert Mixer(Encoding.MULAW, 2).push(bytes([silence, silence])) == b"\0\0"
