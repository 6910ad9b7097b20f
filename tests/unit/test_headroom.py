"""How much room there is, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.headroom import Headroom, Reading, Speaker
from tests.support.work import request

ANNA, BEN = (1, 0), (2, 0)


def final_of(seconds: float) -> DecodeRequest:
    silence = np.zeros(int(seconds * 16_000), np.float32)
    return DecodeRequest(Kind.FINAL, 0, 0, 0, silence, LanguageChoice(fixed="en"))


def look(
    it: Headroom,
    now: float,
    offered: Iterable[tuple[Speaker, Kind]] = (),
    taken: Iterable[tuple[Speaker, Kind]] = (),
) -> None:
    it.look(list(offered), list(taken), now)


def test_nothing_done_is_all_free() -> None:
    it = Headroom(2)
    assert it.used(100) == 0
    assert (it.busy, it.oldest()) == (0, None)
    assert it.read(100) == Reading()


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


def test_a_speakers_cost_is_that_of_what_lasts_and_a_quarter() -> None:
    it = Headroom(2)
    it.decoded([final_of(8), final_of(2)], 0.8)
    assert it.read(100).cost == pytest.approx(1.25 * 0.08 / 2)


def test_partials_and_beams_tell_nothing_of_the_cost() -> None:
    it = Headroom(1)
    it.decoded([final_of(8)], 3.0, beam=5)
    it.decoded([request(Kind.PARTIAL, 0)], 3.0)
    assert it.read(100).cost == 0


def test_the_cost_follows_the_last_minute_of_audio() -> None:
    it = Headroom(1)
    for _ in range(10):
        it.decoded([final_of(20)], 4.0)
    for _ in range(3):
        it.decoded([final_of(20)], 1.0)
    assert it.read(100).cost == pytest.approx(1.25 * 0.05)
    assert len(it._decoded) == 3


def test_a_first_guess_holds_until_there_is_speech_to_go_by() -> None:
    it = Headroom(1)
    it.guess(0.4, 8)
    assert it.read(100).cost == pytest.approx(1.25 * 0.05)
    it.decoded([final_of(5)], 1.0)
    assert it.read(100).cost == pytest.approx(1.25 * (1.0 + 10 * 0.05) / 15)
    it.decoded([final_of(10)], 2.0)
    assert it.read(100).cost == pytest.approx(1.25 * 0.2)


def test_whoever_had_something_to_decode_speaks_for_five_seconds() -> None:
    it = Headroom(1)
    look(it, 100, [(ANNA, Kind.PARTIAL), (ANNA, Kind.FINAL), (BEN, Kind.EARLY)])
    look(it, 103, [(BEN, Kind.PARTIAL)])
    assert it.read(104).speaking == 2
    assert it.read(105.5).speaking == 1
    assert it.read(109).speaking == 0


def test_nobody_falls_silent_because_all_workers_decode() -> None:
    it = Headroom(2)
    it.begin(0, 100)
    look(it, 100, [(ANNA, Kind.PARTIAL)])
    it.begin(1, 100)
    assert it.read(130).speaking == 1
    it.end(1, 130)
    assert it.read(130).speaking == 0


def test_a_final_waits_from_the_look_that_left_it_to_the_one_that_took_it() -> None:
    it = Headroom(1)
    both = [(ANNA, Kind.FINAL), (BEN, Kind.FINAL)]
    look(it, 100, both, both[:1])
    assert it.read(101).waiting_s == pytest.approx(0.5)  # Anna's not at all, Ben's a second
    look(it, 102, both[1:], both[1:])
    assert it.read(102).waiting_s == pytest.approx(1.0)
    assert it.read(108).waiting_s == 0


def test_many_finals_of_one_speaker_that_get_their_turns_do_not_wait() -> None:
    """A recording sent at once keeps the workers busy, and nobody else late."""
    it = Headroom(1)
    for now in range(100, 110):
        look(it, now, [(ANNA, Kind.FINAL)] * 5, [(ANNA, Kind.FINAL)])
    assert it.read(110).waiting_s == 0


def test_whoever_leaves_waits_no_longer() -> None:
    it = Headroom(1)
    look(it, 100, [(ANNA, Kind.FINAL)])
    assert it.read(103).waiting_s == 3
    look(it, 103)
    assert it.read(103).waiting_s == 0


def test_the_time_between_partials_is_of_one_speaker() -> None:
    it = Headroom(1)
    for now, who in ((100, ANNA), (100.5, BEN), (101, ANNA), (102.5, BEN)):
        look(it, now, [(who, Kind.PARTIAL)], [(who, Kind.PARTIAL)])
    assert it.read(103).partial_every_s == pytest.approx(1.5)
    look(it, 120, [(ANNA, Kind.PARTIAL)], [(ANNA, Kind.PARTIAL)])
    assert it.read(120).partial_every_s == 0


def test_what_is_needed_grows_with_the_speakers() -> None:
    assert Reading(cost=0.03, speaking=16).lasting == pytest.approx(0.48)


def test_what_gives_way_takes_no_room() -> None:
    it = Headroom(2)
    it.begin(0, 100, spare=True)
    it.begin(1, 100)
    assert (it.busy, it.spare) == (2, 1)
    assert it.used(101) == pytest.approx(0.1)
    it.end(0, 101)
    it.end(1, 101)
    assert (it.busy, it.spare) == (0, 0)
    assert it.used(101) == pytest.approx(0.1)
    it.begin(0, 101)
    assert it.used(102) == pytest.approx(0.2)


def test_partials_in_a_batch_of_finals_took_their_share_of_its_time() -> None:
    it = Headroom(1)
    final, partial = request(Kind.FINAL, 1), request(Kind.PARTIAL, 2)
    it.decoded([final], 1.0)
    alone = it.read(100).cost
    assert alone > 0
    both = Headroom(1)
    share = partial.duration_ms / final.duration_ms
    both.decoded([final, partial], 1.0 + share)
    assert both.read(100).cost == pytest.approx(alone)
