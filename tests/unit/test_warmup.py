from __future__ import annotations

import pytest

from streaming.decoding import Kind
from streaming.engine.fake import FakeEngine
from streaming.heartbeat import Heartbeat
from streaming.warmup import silence, warm_up
from tests.support.faulty import FaultyEngine, raises


def test_every_kind_of_call_is_made_and_its_speed_learnt() -> None:
    engine, heartbeat = FakeEngine(delay_s=0.01), Heartbeat(1e-9)
    warm_up(engine, heartbeat)
    assert [asked.kind for (asked,) in engine.batches] == [Kind.PARTIAL, Kind.FINAL]
    assert heartbeat.oldest_s(0) is None
    call = heartbeat.begin([silence(engine, Kind.FINAL, 8)], 0)
    assert heartbeat.patience_s(call) == pytest.approx(1e-8)  # ten times what is set, no more


def test_silence_is_asked_for_in_a_language_that_the_engine_knows() -> None:
    assert silence(FakeEngine(languages=("de", "en")), Kind.FINAL, 1).language.fixed == "en"
    assert silence(FakeEngine(languages=("de",)), Kind.FINAL, 1).language.fixed == "de"


def test_an_engine_that_can_not_decode_silence_is_not_warm() -> None:
    with pytest.raises(RuntimeError, match="no"):
        warm_up(FaultyEngine(FakeEngine(), raises(RuntimeError("no"))))
