"""What one batch takes, and the estimate made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from streaming.cli.doctor import batch
from streaming.cli.doctor.batch import Timing, estimate, time_batches
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.fake import FakeEngine


class Timed(FakeEngine):
    """An engine with a clock of its own: 10 ms of encoder a row, 2 ms a step for the batch."""

    def __init__(self, tokens: int = 9, languages: Sequence[str] = ("en",)) -> None:
        super().__init__(max_batch=4, languages=languages)
        self.now = 0.0
        self._tokens = tokens
        self._spent = {"features": 0.0, "encoder": 0.0, "decoder": 0.0, "align": 0.0}

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        self.batches.append(list(requests))
        costs = {
            "features": 0.001 * len(requests),
            "encoder": 0.010 * len(requests),
            "decoder": 0.002 * (self._tokens + 1),
            "align": 0.004 if requests[0].kind is Kind.FINAL else 0.0,
        }
        for stage, seconds in costs.items():
            self._spent[stage] += seconds
            self.now += seconds
        told = Hypothesis("w", (), "en", 1.0, token_count=self._tokens)
        return [told] * len(requests)

    def stage_seconds(self) -> Mapping[str, float]:
        return dict(self._spent)

    def clock(self) -> float:
        return self.now


def test_each_kind_is_timed_with_one_row_and_with_all() -> None:
    engine = Timed()
    timings = time_batches(engine, engine.clock)
    assert [(t.kind, t.seconds, t.rows, t.padded) for t in timings] == [
        ("partial", 2.0, 1, False), ("partial", 2.0, 4, False),
        ("partial", 4.0, 1, False), ("partial", 4.0, 4, False),
        ("final", 8.0, 1, False), ("final", 8.0, 4, False),
        ("final", 15.0, 1, False), ("final", 15.0, 4, False),
        ("final", 28.0, 1, True), ("final", 28.0, 4, True),
    ]  # fmt: skip
    assert len(engine.batches) == len(timings) + 1, "the first one is not counted"
    for requests, timing in zip(engine.batches[1:], timings, strict=True):
        assert len(requests) == timing.rows
        assert {len(request.audio) for request in requests} == {int(timing.seconds * 16_000)}
        assert len({request.audio.tobytes() for request in requests}) == timing.rows
        assert engine.batch_key(requests[0]) == engine.batch_key(requests[-1])


def test_what_a_batch_takes_is_told_by_stage() -> None:
    engine = Timed()
    timings = time_batches(engine, engine.clock)
    one, four = timings[4], timings[5]
    assert (one.encoder_ms, one.step_ms, one.rest_ms) == pytest.approx((10, 2, 4))
    assert (four.features_ms, four.encoder_ms, four.step_ms) == pytest.approx((4, 40, 2))
    assert four.total_ms == pytest.approx(68)


def test_it_stops_when_it_takes_too_long() -> None:
    engine = Timed()
    timings = time_batches(engine, engine.clock, budget_s=0.1)
    assert 0 < len(timings) < 10
    assert time_batches(engine, engine.clock, budget_s=0.0)


def test_an_engine_without_english_is_asked_in_its_own_language() -> None:
    engine = Timed(languages=("de",))
    time_batches(engine, engine.clock)
    assert {request.language.fixed for each in engine.batches for request in each} == {"de"}


def test_noise_in_which_nothing_is_heard_divides_by_nothing() -> None:
    engine = Timed(tokens=0)
    assert time_batches(engine, engine.clock)[0].step_ms == pytest.approx(2)


def timing(kind: str, seconds: float, rows: int, **changed: float) -> Timing:
    costs = {
        "features_ms": 1.0, "encoder_ms": 50.0, "step_ms": 1.0, "rest_ms": 0.0,
        "total_ms": 100.0, "cpu_ms": 100.0,
    } | changed  # fmt: skip
    return Timing(kind, seconds, False, rows, **costs)


def test_the_estimate_counts_rows_of_full_batches() -> None:
    timings = [
        timing("partial", 4.0, 1, encoder_ms=9_999.0),
        timing("partial", 4.0, 4, features_ms=0, encoder_ms=65.8, step_ms=1),  # 80 in all
        timing("final", 8.0, 4, features_ms=0, encoder_ms=72.6, step_ms=10, rest_ms=53.4),  # 400
    ]
    found = estimate(timings, workers=2, partial_step_s=0.4)
    assert found is not None
    assert (found.partial_row_ms, found.final_row_ms) == pytest.approx((20.0, 100.0))
    # A second of speech takes 20 / 0.4 + 100 / 8 = 62.5 ms; 0.8 of two workers give 1600.
    assert found.prompt == 25
    assert found.stretched == int(1600 / 37.5)


def test_what_other_programs_take_is_left_out_on_a_cpu() -> None:
    timings = [timing("partial", 4.0, 4, cpu_ms=25.0), timing("final", 8.0, 4, cpu_ms=25.0)]
    busy = estimate(timings, workers=1, partial_step_s=0.4)
    own = estimate(timings, workers=1, partial_step_s=0.4, on_cpu=True)
    assert busy is not None
    assert own is not None
    assert own.partial_row_ms == pytest.approx(busy.partial_row_ms / 4, abs=0.1)
    assert batch.cpu_share(timings) == pytest.approx(0.25)


def test_no_estimate_without_both_kinds() -> None:
    assert estimate([timing("partial", 4.0, 4)], workers=1, partial_step_s=0.4) is None
    assert estimate([], workers=1, partial_step_s=0.4) is None
    assert batch.cpu_share([]) == 1.0


def test_the_table_has_a_line_for_each() -> None:
    heads, *rows = batch.lines([timing("final", 8.0, 4)])
    assert len(heads) == len(rows[0])
    assert rows[0][:2] == ("final of 8 s", "4")
    assert rows[0][-1] == "25.0"
