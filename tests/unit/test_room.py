"""Room for another speaker, by readings that the test makes up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from streaming.headroom import Reading
from streaming.room import Room

NOW = 100.0


@dataclass(frozen=True)
class Newcomer:
    expected_until: float


class Load:
    """What a room reads."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def __call__(self, now: float) -> Reading:
        assert now == NOW
        return self.reading


def room(reading: Reading, *, active: int = 50, capacity: int = 100) -> Room:
    it = Room(capacity, ceiling=0.65, late_s=1.0, read=Load(reading))
    for _ in range(active):
        it.slots.take()
    return it


BUSY = Reading(used=0.9, cost=0.1, speaking=5)


@pytest.mark.parametrize(
    ("reading", "there_is"),
    [
        (Reading(used=1.0, cost=9.0), True),  # nobody speaks
        (BUSY, True),  # a sixth one makes 0.6 of what lasts
        (replace(BUSY, speaking=6), False),
        (replace(BUSY, speaking=6, used=0.5), True),  # whatever a speaker is thought to cost
        (replace(BUSY, speaking=6, used=0.51), False),
        (replace(BUSY, waiting_s=1.1), False),
    ],
)
def test_what_lasts_must_fit_into_the_workers_time(reading: Reading, there_is: bool) -> None:
    assert room(reading).for_another(NOW) is there_is


def test_no_more_than_there_are_places() -> None:
    assert not room(Reading(), active=3, capacity=3).for_another(NOW)


def test_who_has_just_come_counts_as_a_speaker_until_it_is_measured_or_gone() -> None:
    it = room(BUSY)
    past, newcomer = Newcomer(NOW), Newcomer(NOW + 0.5)
    it.expect(past)
    assert it.for_another(NOW)
    it.expect(newcomer)
    assert not it.for_another(NOW)
    it.forget(newcomer)
    assert it.for_another(NOW)


def test_those_that_are_expected_are_no_more_than_those_that_are_there() -> None:
    it = room(BUSY, active=5)
    it.expect(Newcomer(NOW + 1))  # it is one of the five
    assert it.for_another(NOW)
    assert it.reading(NOW) is BUSY
