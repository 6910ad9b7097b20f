from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.search import Search


def tried(search: Search, holds: set[int]) -> list[int]:
    numbers = []
    while (streams := search.next()) is not None:
        numbers.append(streams)
        search.tell(streams, streams in holds)
    return numbers


def test_it_doubles_bisects_and_confirms_the_border() -> None:
    search = Search(1, 64)
    assert tried(search, set(range(1, 12))) == [1, 2, 4, 8, 16, 12, 10, 11, 11, 12]
    assert (search.best, search.confirmed) == (11, True)


def test_it_goes_down_from_a_start_that_misses() -> None:
    search = Search(8, 64)
    assert tried(search, {1, 2, 3}) == [8, 4, 2, 3, 3, 4]
    assert search.best == 3


def test_none_at_all_and_all_that_are_allowed() -> None:
    none = Search(4, 64)
    assert tried(none, set()) == [4, 2, 1, 1]
    assert none.best == 0
    every = Search(3, 10)
    assert tried(every, set(range(99))) == [3, 6, 10, 10]
    assert every.best == 10


def test_a_repetition_that_disagrees_is_settled_by_a_third() -> None:
    search = Search(1, 4)
    for streams, held in ((1, True), (2, True), (4, False), (3, False)):
        assert search.next() == streams
        search.tell(streams, held)
    assert search.next() == 2
    search.tell(2, False)
    assert search.next() == 2  # one each
    search.tell(2, False)
    assert search.next() == 1  # so 2 misses after all, and 1 is at the border
    search.tell(1, True)
    assert search.next() is None
    assert search.best == 1


def test_a_lucky_miss_is_taken_back() -> None:
    search = Search(4, 8, repeats=2)
    for streams, held in ((4, True), (8, False), (6, True), (7, False), (6, True)):
        assert search.next() == streams
        search.tell(streams, held)
    for held in (True, True):
        assert search.next() == 7
        search.tell(7, held)
    assert search.best == 7
    assert search.next() == 8


@given(st.integers(0, 70), st.integers(1, 64), st.integers(1, 3))
def test_it_finds_any_border_within_few_probes(border: int, start: int, repeats: int) -> None:
    search = Search(start, 64, repeats=repeats)
    numbers = tried(search, set(range(1, border + 1)))
    assert search.best == min(border, 64)
    assert len(numbers) <= 13 + 2 * repeats
    assert all(1 <= number <= 64 for number in numbers)


def test_what_cannot_be_searched() -> None:
    with pytest.raises(ValueError, match="start 9"):
        Search(9, 8)
    with pytest.raises(ValueError, match="repeats 0"):
        Search(1, 8, repeats=0)
