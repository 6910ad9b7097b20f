from __future__ import annotations

from streaming.rows import RowLimit


def test_what_was_too_much_is_halved_for_a_while() -> None:
    limit = RowLimit(16)
    assert limit.most(0) == 16
    limit.ran_out(16, 10)
    assert limit.most(10) == 8
    limit.ran_out(8, 11)
    assert [limit.most(now) for now in (12, 70.9, 71, 130.9, 131)] == [4, 4, 8, 8, 16]


def test_a_small_batch_that_does_not_fit_says_more_than_the_limit() -> None:
    limit = RowLimit(16)
    limit.ran_out(3, 0)
    assert limit.most(1) == 1
    limit.ran_out(1, 2)
    assert limit.most(3) == 1


def test_a_batch_from_before_does_not_raise_the_limit() -> None:
    limit = RowLimit(16)
    limit.ran_out(4, 0)
    limit.ran_out(16, 1)
    assert limit.most(2) == 2


def test_after_a_long_time_it_is_as_it_was_and_no_more() -> None:
    limit = RowLimit(6)
    limit.ran_out(6, 0)
    assert limit.most(1e9) == 6
    limit.ran_out(6, 2e9)
    assert limit.most(2e9) == 3
