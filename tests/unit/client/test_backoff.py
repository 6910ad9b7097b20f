from __future__ import annotations

import pytest

from streaming.client import Backoff, UsageError


def latest(backoff: Backoff, attempt: int, **given: bool | int) -> int | None:
    return backoff.delay_ms(attempt, fraction=lambda: 1.0, **given)  # type: ignore[arg-type]


def test_the_cap_doubles_up_to_its_largest_and_ends() -> None:
    backoff = Backoff(base_ms=100, max_ms=500, attempts=5)
    assert [latest(backoff, n) for n in range(6)] == [100, 200, 400, 500, 500, None]


def test_the_jitter_is_full_and_fresh() -> None:
    backoff = Backoff(base_ms=1000, max_ms=1000, attempts=3)
    assert backoff.delay_ms(0, fraction=lambda: 0.0) == 0
    drawn = {backoff.delay_ms(0) for _ in range(50)}
    assert len(drawn) > 10
    assert all(delay is not None and 0 <= delay <= 1000 for delay in drawn)


def test_never_before_the_server_wants_it() -> None:
    backoff = Backoff(base_ms=100, max_ms=100)
    assert backoff.delay_ms(0, retry_after_ms=3000, fraction=lambda: 0.5) == 3050


def test_at_once_is_so_only_the_first_time() -> None:
    backoff = Backoff(base_ms=400, max_ms=5000)
    assert latest(backoff, 0, at_once=True) == 100
    assert latest(backoff, 1, at_once=True) == 800


def test_numbers_stay_small_however_many_tries() -> None:
    assert latest(Backoff(attempts=10**6), 10**5) == 10_000


@pytest.mark.parametrize("name", ["base_ms", "max_ms", "attempts"])
def test_what_makes_no_sense_is_refused_by_name(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        Backoff(**{name: 0})
