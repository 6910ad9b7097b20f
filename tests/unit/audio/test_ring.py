"""The sample ring: what it keeps, and what it says about what it doesn't."""

from __future__ import annotations

import re

import numpy as np
import pytest

from streaming.audio.ring import SampleRing


def ramp(start: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.arange(start, end, dtype=np.float32)


def test_positions_are_absolute_and_survive_overwriting() -> None:
    ring = SampleRing(10)
    ring.append(ramp(0, 7))
    ring.append(ramp(7, 14))
    assert (ring.start, ring.end, len(ring)) == (4, 14, 10)
    assert ring.read(5, 13).tolist() == list(range(5, 13))


def test_a_block_longer_than_the_ring_leaves_its_end() -> None:
    ring = SampleRing(4)
    ring.append(ramp(0, 3))
    ring.append(ramp(3, 100))
    assert (ring.start, ring.end) == (96, 100)
    assert ring.read(96, 100).tolist() == [96, 97, 98, 99]


def test_what_was_read_stays_as_it_was() -> None:
    ring = SampleRing(10_000)
    ring.append(ramp(0, 4))
    before = ring.read(0, 4)
    for at in range(4, 60_000, 700):
        ring.append(ramp(at, at + 700))
    ring.forget(ring.end)
    assert before.tolist() == [0, 1, 2, 3]


def test_reading_copies_nothing_and_nobody_writes() -> None:
    ring = SampleRing(100)
    ring.append(ramp(0, 50))
    one, other = ring.read(10, 50), ring.read(0, 40)
    assert np.shares_memory(one, other)
    with pytest.raises(ValueError, match="read-only"):
        one[0] = 1.0
    ring.append(ramp(50, 60))  # where it goes on, nothing forbids writing
    assert ring.read(45, 55).tolist() == list(range(45, 55))


def test_an_empty_read_at_either_end_is_fine() -> None:
    ring = SampleRing(4)
    ring.append(ramp(0, 6))
    assert ring.read(2, 2).shape == (0,)
    assert ring.read(6, 6).shape == (0,)


@pytest.mark.parametrize(("start", "end"), [(1, 3), (5, 7), (4, 3), (-1, 2), (7, 8)])
def test_what_is_gone_or_not_there_yet_is_refused_by_position(start: int, end: int) -> None:
    ring = SampleRing(4)
    ring.append(ramp(0, 6))
    with pytest.raises(IndexError, match=re.escape(f"samples {start} to {end} are not all")):
        ring.read(start, end)


def test_memory_is_held_for_what_is_kept_and_a_piece_beyond() -> None:
    ring = SampleRing(100_000)
    for _ in range(2_000):
        ring.append(np.zeros(777, np.float32))
        assert ring.held_bytes <= 4 * (len(ring) + 2 * 8_192)
    assert (ring.capacity_samples, len(ring)) == (100_000, 100_000)
    ring.forget(ring.end - 1_000)
    assert ring.held_bytes <= 4 * (1_000 + 2 * 8_192)


def test_what_is_let_go_is_gone_for_good() -> None:
    ring = SampleRing(50_000)
    ring.append(ramp(0, 30_000))
    ring.forget(20_000)
    ring.forget(10_000)
    assert (ring.start, ring.end, len(ring)) == (20_000, 30_000, 10_000)
    assert ring.read(20_000, 20_003).tolist() == [20_000, 20_001, 20_002]
    with pytest.raises(IndexError, match="samples 19999 to 20001 are not all"):
        ring.read(19_999, 20_001)
    ring.append(ramp(30_000, 30_010))
    assert ring.read(29_998, 30_010).tolist() == list(range(29_998, 30_010))


@pytest.mark.parametrize("length", [1, 8_191, 8_192, 8_193, 20_000])
def test_all_there_is_may_be_let_go(length: int) -> None:
    ring = SampleRing(50_000)
    ring.append(ramp(0, length))
    ring.forget(length + 5)
    assert (ring.start, ring.end, len(ring)) == (length, length, 0)
    ring.append(ramp(length, length + 9_000))
    assert ring.read(length, length + 9_000).tolist() == list(range(length, length + 9_000))


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_ring_holds_something(capacity: int) -> None:
    with pytest.raises(ValueError, match=f"capacity_samples: {capacity} "):
        SampleRing(capacity)
