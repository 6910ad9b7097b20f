from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.models.retry import Retry
from tests.unit.models.fakes import Sleeps


class Flaky:
    def __init__(self, *outcomes: Exception | str) -> None:
        self.outcomes = list(outcomes)

    def __call__(self) -> str:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_the_first_success_is_returned_and_the_pauses_double() -> None:
    sleeps = Sleeps()
    retry = Retry(tries=4, sleep=sleeps, jitter=lambda: 0.0)
    work = Flaky(OSError("1"), OSError("2"), OSError("3"), "done")
    assert retry.run(work, may_retry=lambda error: True) == "done"
    assert sleeps.pauses_s == [0.5, 1.0, 2.0]


def test_the_last_error_is_raised() -> None:
    sleeps = Sleeps()
    work = Flaky(OSError("1"), OSError("2"), OSError("3"), "too late")
    with pytest.raises(OSError, match="3"):
        Retry(tries=3, sleep=sleeps).run(work, may_retry=lambda error: True)
    assert len(sleeps.pauses_s) == 2


def test_an_error_that_may_not_be_retried_is_raised_at_once() -> None:
    sleeps = Sleeps()
    heard: list[tuple[str, float]] = []
    with pytest.raises(ValueError, match="for good"):
        Retry(sleep=sleeps, jitter=lambda: 1.0).run(
            Flaky(OSError("1"), ValueError("for good")),
            may_retry=lambda error: isinstance(error, OSError),
            on_retry=lambda error, pause_s: heard.append((str(error), pause_s)),
        )
    assert heard == [("1", 1.0)]
    assert sleeps.pauses_s == [1.0]


@given(failures=st.integers(1, 60), jitter=st.floats(0, 1))
def test_pauses_stay_between_half_and_the_longest(failures: int, jitter: float) -> None:
    retry = Retry(base_s=1.0, longest_s=30.0, jitter=lambda: jitter)
    full = min(30.0, 2.0 ** (failures - 1))
    assert full / 2 <= retry.pause_s(failures) <= full
