from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load.schedule import Chunk, Cut, Schedule, phases


def test_a_chunk_is_due_when_its_last_frame_was_spoken() -> None:
    schedule = Schedule(begin_s=10.0, frames=3500, sample_rate=1000, chunk_frames=1000)
    assert list(schedule.chunks()) == [
        Chunk(0, 1000, 11.0),
        Chunk(1000, 2000, 12.0),
        Chunk(2000, 3000, 13.0),
        Chunk(3000, 3500, 13.5),
    ]


def test_twice_the_speed_takes_half_the_time() -> None:
    schedule = Schedule(10.0, 2000, 1000, 1000, speed=2.0)
    assert [chunk.due_s for chunk in schedule.chunks()] == [10.5, 11.0]
    assert schedule.instant(2.0) == 11.0


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3000))
def test_every_frame_is_sent_once_and_in_order(frames: int, chunk_frames: int) -> None:
    chunks = list(Schedule(0.0, frames, 8000, chunk_frames).chunks())
    covered = [frame for chunk in chunks for frame in range(chunk.first, chunk.end)]
    assert covered == list(range(frames))


def test_time_goes_on_in_a_pause_but_not_the_stream() -> None:
    cuts = (Cut(1500, pause_s=2.0, finalize=True), Cut(2500, finalize=True))
    schedule = Schedule(10.0, 2500, 1000, 1000, cuts=cuts)
    assert list(schedule.chunks()) == [
        Chunk(0, 1000, 11.0),
        Chunk(1000, 1500, 11.5, finalize=True),
        Chunk(1500, 2500, 14.5, finalize=True),
    ]
    # What is said up to the cut is said before the pause.
    assert [schedule.instant(at) for at in (1.5, 1.6, 2.5)] == pytest.approx([11.5, 13.6, 14.5])


def test_what_cannot_be_a_timetable() -> None:
    with pytest.raises(ValueError, match="chunk of 0"):
        Schedule(0.0, 1, 1, 0)
    with pytest.raises(ValueError, match="speed 0"):
        Schedule(0.0, 1, 1, 1, speed=0)


def test_phases_are_seeded_and_within_the_spread() -> None:
    first = phases(16, 2.0, seed=1)
    assert first == phases(16, 2.0, seed=1)
    assert first != phases(16, 2.0, seed=2)
    assert all(0.0 <= phase <= 2.0 for phase in first)
    assert len(set(first)) == 16
