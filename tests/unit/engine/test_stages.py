"""Tests of streaming.engine.stages."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from streaming.engine.stages import ALIGN, DECODER, ENCODER, STAGES, StageTimes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("streaming.engine.stages.time.perf_counter", lambda: now[0])
    return now


def test_nothing_has_been_spent_at_first() -> None:
    assert StageTimes().seconds() == dict.fromkeys(STAGES, 0.0)


def test_time_adds_up_by_stage(clock: list[float]) -> None:
    times = StageTimes()
    for stage, seconds in ((ENCODER, 1.0), (DECODER, 0.5), (ENCODER, 0.25)):
        with times.spent_on(stage):
            clock[0] += seconds
    assert times.seconds()[ENCODER] == 1.25
    assert times.seconds()[DECODER] == 0.5
    assert times.seconds()[ALIGN] == 0.0


def test_what_fails_has_taken_its_time(clock: list[float]) -> None:
    times = StageTimes()
    with pytest.raises(RuntimeError), times.spent_on(DECODER):
        clock[0] += 2.0
        raise RuntimeError
    assert times.seconds()[DECODER] == 2.0


def test_sums_are_a_copy() -> None:
    times = StageTimes()
    before = times.seconds()
    with times.spent_on(DECODER):
        pass
    assert before == dict.fromkeys(STAGES, 0.0)


def test_threads_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every block takes a second by its own thread's clock.
    local = threading.local()

    def ticks() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += 1.0

    def perf_counter() -> float:
        if not hasattr(local, "ticks"):
            local.ticks = ticks()
        return float(next(local.ticks))

    monkeypatch.setattr("streaming.engine.stages.time.perf_counter", perf_counter)
    times = StageTimes()

    def spend() -> None:
        for _ in range(500):
            with times.spent_on(DECODER):
                pass

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert times.seconds()[DECODER] == 2_000.0
