"""The line of those who wait: its order, its bound, and what they are told."""

from __future__ import annotations

import pytest

from streaming.errors import Overloaded
from streaming.waiting import Line, Pace, Ticket


def joined(line: Line, *owners: str) -> list[Ticket]:
    return [line.join(owner, 0) for owner in owners]


def test_one_after_the_other() -> None:
    line = Line(10)
    one, two = joined(line, "a", "a")
    assert (one.position, two.position) == (1, 2)
    assert line.call() is one
    assert two.position == 1
    assert line.call() is two
    assert line.call() is None
    assert not line


def test_owners_take_turns_however_many_one_has() -> None:
    line = Line(20)
    many = joined(line, *"aaaa")
    late = joined(line, "b", "c")
    assert [ticket.position for ticket in late] == [2, 3]
    assert [ticket.position for ticket in many] == [1, 4, 5, 6]
    order = list(line)
    assert [line.call() for _ in range(6)] == order == [many[0], *late, *many[1:]]


def test_whoever_was_called_comes_behind_those_who_were_not() -> None:
    line = Line(20)
    joined(line, *"aab")
    line.call()
    again, other = joined(line, "a", "c")
    assert [ticket.owner for ticket in line] == ["b", "a", "c", "a"]
    assert (other.position, again.position) == (3, 4)


def test_whoever_leaves_makes_way() -> None:
    line = Line(10)
    one, two, three = joined(line, *"abc")
    line.leave(two)
    line.leave(two)
    assert (one.position, three.position, len(line)) == (1, 2, 2)
    assert line.call() is one
    line.leave(one)
    assert len(line) == 1


def test_the_line_has_an_end() -> None:
    line = Line(4)
    joined(line, *"aab")
    line.join("b", 0)
    assert line.full("c")
    with pytest.raises(Overloaded) as caught:
        line.join("c", 0)
    assert 1_000 <= (caught.value.retry_after_ms or 0) <= 30_000


def test_one_owner_has_no_more_than_three_quarters_of_it() -> None:
    line = Line(4)
    joined(line, *"aaa")
    assert line.full("a")
    assert not line.full("b")
    with pytest.raises(Overloaded):
        line.join("a", 0)


def test_where_nobody_may_wait_nobody_does() -> None:
    line = Line(0)
    assert line.full("a")
    assert line.call() is None


def test_what_to_expect_follows_how_fast_places_came_free() -> None:
    pace = Pace()
    assert pace.eta_ms(1, 0) == 15_000
    for second in range(0, 20, 2):
        pace.freed(second)
    assert pace.eta_ms(1, 20) == 2_000
    assert pace.eta_ms(5, 20) == 10_000
    assert pace.eta_ms(1, 60) == 6_000
    assert pace.eta_ms(1, 500) == 15_000


def test_nobody_is_told_to_expect_it_at_once() -> None:
    pace = Pace()
    for _ in range(1_000):
        pace.freed(5)
    assert pace.eta_ms(3, 5) == 1_000
