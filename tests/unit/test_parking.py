"""Who may take up which conversation, and who has to go when there are too many."""

from __future__ import annotations

import pytest

from streaming.errors import UnknownSession
from streaming.parking import Parking
from streaming.principal import ANONYMOUS, Principal


class Parked:
    """A conversation of so many bytes."""

    def __init__(self, name: str, held_bytes: int = 10, principal: Principal = ANONYMOUS) -> None:
        self.id = name
        self.token = f"token of {name}"
        self.principal = principal
        self.held_bytes = held_bytes
        self.ends: list[str] = []

    def give_up(self, why: str) -> None:
        self.ends.append(why)


def parking(most: int = 3, most_bytes: int = 100, resume_ms: int = 1_000) -> Parking[Parked]:
    return Parking(most, most_bytes, resume_ms)


def parked(it: Parking[Parked], name: str, now: float = 0.0, held_bytes: int = 10) -> Parked:
    one = Parked(name, held_bytes)
    it.add(one)
    it.park(one, now)
    return one


def test_one_that_is_taken_up_is_parked_no_more() -> None:
    it = parking()
    one = parked(it, "a")
    assert (len(it), it.held_bytes) == (1, 10)
    assert it.take("a", one.token, ANONYMOUS, 0.5) is one
    assert len(it) == 0
    it.expire(99)
    assert one.ends == []


def test_one_that_still_has_its_socket_can_be_taken() -> None:
    it = parking()
    one = Parked("a")
    it.add(one)
    assert it.take("a", one.token, ANONYMOUS, 0.5) is one


def test_nobody_is_told_what_was_wrong() -> None:
    it = parking()
    one = parked(it, "a")
    other = Principal(key="other")
    messages = set()
    for name, token, principal in (
        ("b", one.token, ANONYMOUS),
        ("a", "token of b", ANONYMOUS),
        ("a", "", ANONYMOUS),
        ("a", "\ud800", ANONYMOUS),
        ("a", one.token, other),
    ):
        with pytest.raises(UnknownSession) as refused:
            it.take(name, token, principal, 0.5)
        messages.add((refused.value.message, refused.value.field, refused.value.retryable))
    assert len(messages) == 1
    assert it.take("a", one.token, ANONYMOUS, 0.5) is one


def test_a_key_takes_up_its_own_with_another_token() -> None:
    it = parking()
    one = Parked("a", principal=Principal(key="k", subject="then"))
    it.park(one, 0.0)
    assert it.take("a", one.token, Principal(key="k", subject="now"), 0.5) is one


def test_time_runs_out_also_where_nobody_has_looked() -> None:
    it = parking()
    one = parked(it, "a")
    with pytest.raises(UnknownSession):
        it.take("a", one.token, ANONYMOUS, 1.0)
    assert one.ends == ["expired"]


def test_the_one_parked_first_goes_when_there_are_too_many() -> None:
    it = parking(most=2)
    one, two, three = (parked(it, name) for name in "abc")
    assert [one.ends, two.ends, three.ends] == [["evicted"], [], []]
    assert list(it.parked()) == [two, three]


def test_the_one_parked_first_goes_when_they_hold_too_much() -> None:
    it = parking(most_bytes=100)
    one, two = parked(it, "a", held_bytes=60), parked(it, "b", held_bytes=60)
    assert [one.ends, two.ends] == [["evicted"], []]
    large = parked(it, "c", held_bytes=101)
    assert [two.ends, large.ends] == [["evicted"], ["evicted"]]
    assert len(it) == 0


def test_coming_back_and_being_lost_again_begins_anew() -> None:
    it = parking()
    one, two = parked(it, "a"), parked(it, "b")
    it.park(it.take("a", one.token, ANONYMOUS, 0.9), 0.9)
    assert list(it.parked()) == [two, one]
    it.expire(1.5)
    assert [one.ends, two.ends] == [[], ["expired"]]


def test_without_a_time_to_come_back_nothing_is_kept() -> None:
    it = parking(resume_ms=0)
    assert parked(it, "a").ends == ["expired"]


def test_one_that_is_over_is_forgotten() -> None:
    it = parking()
    one = parked(it, "a")
    it.remove(one)
    it.remove(one)
    with pytest.raises(UnknownSession):
        it.take("a", one.token, ANONYMOUS, 0.5)
    assert one.ends == []


def test_the_end_of_a_server_is_that_of_all_who_wait() -> None:
    it = parking()
    one, held = parked(it, "a"), Parked("b")
    it.add(held)
    it.close()
    assert [one.ends, held.ends] == [["stopped"], []]
