"""The caps of a connection and of the server, on a clock that the test moves."""

from __future__ import annotations

import dataclasses

import pytest

from streaming.errors import (
    IdleTimeout,
    MessageTooBig,
    Overloaded,
    QuotaExceeded,
    SessionTooLong,
)
from streaming.limits import ConnectionGuard, ConnectionLimits, SessionSlots, TokenBucket

LIMITS = ConnectionLimits(
    max_message_bytes=1_000,
    max_session_ms=600_000,
    max_idle_ms=5_000,
    max_backlog_ms=30_000,
    max_rate=2.0,
    burst_ms=10_000,
    max_bytes_per_s=10_000,
    burst_bytes=20_000,
)


def guard(now: float = 100.0, **changes: float) -> ConnectionGuard:
    return ConnectionGuard(dataclasses.replace(LIMITS, **changes), now)  # type: ignore[arg-type]


def test_a_bucket_lets_its_capacity_through_and_then_its_rate() -> None:
    bucket = TokenBucket(capacity=10, rate=2, now=0)
    assert bucket.take(10, 0) == 0
    assert bucket.take(1, 0) == pytest.approx(0.5)
    assert bucket.take(1, 0.5) == 0
    assert bucket.take(10, 100) == 0
    assert bucket.take(0.1, 100) > 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = TokenBucket(capacity=10, rate=2, now=50)
    assert bucket.take(10, 50) == 0
    assert bucket.take(1, 10) > 0


def test_a_refused_amount_is_not_taken() -> None:
    bucket = TokenBucket(capacity=10, rate=1, now=0)
    assert bucket.take(11, 0) > 0
    assert bucket.take(10, 0) == 0


def test_a_bucket_says_how_it_stands() -> None:
    bucket = TokenBucket(capacity=10, rate=2, now=0)
    assert bucket.full(0)
    bucket.take(6, 0)
    assert (bucket.level(0), bucket.wait(4, 0), bucket.wait(8, 0)) == (4, 0, 2)
    assert not bucket.full(2.9)
    assert bucket.full(3)


def test_bytes_are_counted_over_time_and_an_empty_message_is_not_nothing() -> None:
    it = guard()
    for _ in range(20):
        it.message(1_000, 100)
    with pytest.raises(QuotaExceeded, match="10000 bytes a second") as caught:
        it.message(500, 100)
    assert caught.value.field == "message"
    assert caught.value.retry_after_ms == 50
    it = guard(max_bytes_per_s=640, burst_bytes=640)
    for number in range(100):
        it.message(0, 100 + number / 10)
    with pytest.raises(QuotaExceeded):
        for _ in range(11):
            it.message(2, 110)


@pytest.mark.parametrize(
    ("own", "holds"), [(None, 600_000), (1_000_000, 600_000), (60_000, 60_000)]
)
def test_a_client_may_have_shorter_sessions_never_longer_ones(own: int | None, holds: int) -> None:
    it = guard(burst_ms=1_000_000)
    it.shorten(own)
    assert it.max_session_ms == holds
    it.audio(holds, 0, 0, 100)
    with pytest.raises(SessionTooLong):
        it.audio(1, holds, 0, 100)


def test_messages_are_counted_by_size() -> None:
    it = guard()
    it.message(1_000, 100)
    with pytest.raises(MessageTooBig, match="1001 bytes is larger than 1000") as caught:
        it.message(1_001, 100)
    assert caught.value.field == "message"


def test_audio_at_real_time_is_never_refused() -> None:
    it = guard()
    for second in range(600):
        it.audio(1_000, second * 1_000, 0, 100.0 + second)


def test_audio_beyond_the_burst_is_refused_with_the_time_to_wait() -> None:
    it = guard()
    it.audio(10_000, 0, 0, 100)
    with pytest.raises(QuotaExceeded) as caught:
        it.audio(1_000, 10_000, 0, 100)
    assert caught.value.retry_after_ms == 500
    it.audio(1_000, 10_000, 0, 100.5)


def test_a_session_has_a_greatest_length() -> None:
    it = guard()
    it.audio(1_000, 599_000, 0, 100)
    with pytest.raises(SessionTooLong, match="600000 ms"):
        it.audio(1, 600_000, 0, 100)


def test_the_end_is_announced_once_a_minute_or_a_tenth_before() -> None:
    it = guard()
    assert it.near_end(539_999) is None
    assert it.near_end(540_000) == 60_000
    assert it.near_end(550_000) is None
    assert guard(max_session_ms=10_000).near_end(9_000) == 1_000
    assert guard(max_session_ms=10_000).near_end(8_900) is None


def test_a_backlog_has_an_end() -> None:
    it = guard()
    it.audio(20, 0, 30_000, 100)
    with pytest.raises(Overloaded) as caught:
        it.audio(20, 0, 30_001, 100)
    assert caught.value.retry_after_ms


def test_idle_counts_from_the_last_message_of_any_kind() -> None:
    it = guard()
    it.idle(104.9)
    it.message(3, 104)
    it.idle(108.9)
    with pytest.raises(IdleTimeout, match="5000"):
        it.idle(109)


def test_places_run_out_and_come_back() -> None:
    slots = SessionSlots(2)
    full = []
    for _ in range(2):
        slots.take()
        full.append(slots.full)
    assert full == [False, True]
    with pytest.raises(Overloaded, match="all 2 sessions"):
        slots.take()
    assert slots.active == 2
    slots.free()
    slots.take()
    assert slots.full
