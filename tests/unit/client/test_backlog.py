from __future__ import annotations

from streaming.client.backlog import LONGEST_SEGMENT_MS, Backlog
from streaming.client.options import Options
from streaming.client.sound import Sound

MS = 32


def backlog(buffer_ms: int = 1000, *, drop_oldest: bool = False) -> Backlog:
    return Backlog(Sound(Options()), buffer_ms=buffer_ms, drop_oldest=drop_oldest)


def add(it: Backlog, ms: int, *, acknowledges: bool = False, flows: bool = False) -> int:
    """Take so much audio; return how much of what was still to be sent was given up."""
    start, end = it.append(bytes(ms * MS), acknowledges=acknowledges, flows=flows)
    return (end - start) // MS


def test_a_buffer_shorter_than_a_frame_holds_one() -> None:
    it = backlog(0, drop_oldest=True)
    add(it, 10)
    assert it.audio.held == 2


def test_audio_that_may_wait_is_waited_for_at_the_bound() -> None:
    it = backlog(1000)
    add(it, 1000)
    assert not it.room(MS, acknowledges=False)
    it.audio.take(10 * MS)
    assert it.room(10 * MS, acknowledges=False)
    assert not it.room(11 * MS, acknowledges=False)


def test_without_acknowledgements_no_more_than_the_bound_is_kept_of_what_was_sent() -> None:
    it = backlog(1000)
    for _ in range(5):
        assert add(it, 500) == 0
        it.audio.take(500 * MS)
    assert it.audio.held == 1000 * MS


def test_with_acknowledgements_the_longest_segment_is_kept() -> None:
    it = backlog(1000)
    for _ in range(LONGEST_SEGMENT_MS // 500):
        assert it.room(500 * MS, acknowledges=True)
        add(it, 500, acknowledges=True)
        it.audio.take(500 * MS)
    assert it.audio.held == LONGEST_SEGMENT_MS * MS
    assert not it.room(500 * MS, acknowledges=True)
    assert it.room(500 * MS, acknowledges=True, unread=True)


def test_live_sound_gives_up_what_was_sent_before_what_was_not() -> None:
    it = backlog(1000, drop_oldest=True)
    add(it, 1000)
    it.audio.take(600 * MS)
    assert it.room(5000 * MS, acknowledges=True)
    assert add(it, 600) == 0
    assert add(it, 100) == 100
    assert it.audio.held == 1000 * MS


def test_while_audio_flows_an_eighth_is_given_up_at_once() -> None:
    it = backlog(800, drop_oldest=True)
    add(it, 800, flows=True)
    assert add(it, 10, flows=True) == 10 + 100
