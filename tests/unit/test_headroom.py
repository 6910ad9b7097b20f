"""How busy workers were, on a clock that the test moves."""

from __future__ import annotations

import pytest

from streaming.headroom import Headroom


def test_nothing_done_is_all_free() -> None:
    it = Headroom(2)
    assert it.used(100) == 0
    assert (it.busy, it.oldest()) == (0, None)


def test_the_share_is_of_all_workers_over_five_seconds() -> None:
    it = Headroom(2)
    it.begin(0, 100)
    it.end(0, 102)
    assert it.used(102) == pytest.approx(0.2)
    assert it.used(105) == pytest.approx(0.2)
    assert it.used(106) == pytest.approx(0.1)
    assert it.used(107) == 0


def test_what_is_still_running_counts_from_when_it_began() -> None:
    it = Headroom(1)
    it.begin(0, 100)
    assert (it.busy, it.oldest()) == (1, 100)
    assert it.used(101) == pytest.approx(0.2)
    assert it.used(200) == 1


def test_the_oldest_is_the_one_that_may_be_stuck() -> None:
    it = Headroom(3)
    for worker, now in enumerate((100, 101, 102)):
        it.begin(worker, now)
    it.end(0, 103)
    assert (it.busy, it.oldest()) == (2, 101)
    it.end(7, 104)
    assert it.busy == 2
