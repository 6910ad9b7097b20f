"""Requests know their place in the stream."""

from __future__ import annotations

import numpy as np

from streaming.decoding import DecodeRequest, Kind, LanguageChoice


def request(samples: int) -> DecodeRequest:
    return DecodeRequest(
        kind=Kind.FINAL,
        channel=1,
        segment=3,
        start_sample=32_000,
        audio=np.zeros(samples, np.float32),
        language=LanguageChoice(),
    )


def test_end_and_duration_follow_from_the_audio() -> None:
    asked = request(24_008)
    assert asked.end_sample == 56_008
    assert asked.duration_ms == 1_500


def test_audio_is_neither_compared_nor_printed() -> None:
    assert request(320) == request(640)
    assert "audio" not in repr(request(320))
