"""Engines and detectors that are timed do what they did, and their time is counted."""

from __future__ import annotations

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice
from streaming.engine.fake import FakeEngine
from streaming.metered import MeteredDetector, MeteredEngine
from streaming.metrics import Metrics
from streaming.vad import VadConfig, VadMode, VoiceDetector
from tests.support.voices import LOUD, SILENT, frame

REQUEST = DecodeRequest(
    Kind.FINAL, 0, 0, 0, np.full(16_000, 0.5, np.float32), LanguageChoice(fixed="en")
)


def test_an_engine_is_the_one_inside_with_its_batches_counted() -> None:
    metrics, inside = Metrics(), FakeEngine(delay_s=0.01)
    engine = MeteredEngine(inside, metrics)
    answers = engine.decode([REQUEST, REQUEST])
    assert answers == inside.decode([REQUEST, REQUEST])
    assert inside.batches[0] == [REQUEST, REQUEST]
    assert engine.info is inside.info
    assert engine.batch_key(REQUEST) == inside.batch_key(REQUEST)
    assert engine.memory_used_bytes() == inside.memory_used_bytes()
    assert engine.stage_seconds() == inside.stage_seconds()
    assert metrics.value("batch_size_sum", kind="final") == 2
    assert metrics.value("audio_decoded_seconds_total", kind="final") == pytest.approx(2.0)
    seconds = metrics.value("decode_seconds_sum", kind="final")
    assert seconds is not None
    assert seconds >= 0.01
    engine.close()
    assert inside.closed


def test_a_batch_that_fails_is_counted_as_that_and_fails_on() -> None:
    def broken(request: DecodeRequest) -> Hypothesis:
        raise RuntimeError("no memory")

    metrics = Metrics()
    with pytest.raises(RuntimeError, match="no memory"):
        MeteredEngine(FakeEngine(broken), metrics).decode([REQUEST])
    assert metrics.value("decode_failures_total") == 1
    assert metrics.value("batch_size_count", kind="final") == 0


def test_a_detector_judges_as_ever_and_its_time_is_counted() -> None:
    metrics, config = Metrics(), VadConfig(mode=VadMode.WEBRTC)
    sound = np.stack([frame(SILENT)] * 5 + [frame(LOUD)] * 20)
    assert MeteredDetector(metrics, config).judge(sound) == VoiceDetector(config).judge(sound)
    spent = metrics.value("stage_seconds_total", stage="vad")
    assert spent is not None
    assert spent > 0
