"""The bounds of the buffer; what becomes of cuts is in the scenarios of tests/conformance."""

from __future__ import annotations

import json

from streaming.client import Ack, AudioLost, ConnectionLostError, Limits, Options, Started
from streaming.client.backlog import LONGEST_SEGMENT_MS
from streaming.client.continuity import Continuity
from streaming.client.sound import Sound

MS = 32
SOUND = Sound(Options())


def continuity(buffer_ms: int = 1000, *, drop_oldest: bool = False) -> Continuity:
    return Continuity(Options(), buffer_ms=buffer_ms, drop_oldest=drop_oldest)


def begin(it: Continuity, *, kept: bool = True, **limits: int) -> None:
    it.opening()
    it.received(Started("s", "t" if kept else "", limits=Limits(**limits)))


def take(it: Continuity) -> int:
    """Send whatever may be sent; return its bytes."""
    size = 0
    while isinstance(piece := it.outgoing(), bytes):
        size += len(piece)
    return size


def test_nothing_is_sent_before_the_server_has_begun() -> None:
    it = continuity()
    it.append(bytes(10 * MS))
    assert it.outgoing() is None
    begin(it)
    assert take(it) == 10 * MS


def test_unsent_audio_is_bounded() -> None:
    it = continuity(1000)
    assert it.room(5000 * MS), "a first chunk is always taken"
    it.append(bytes(900 * MS))
    assert it.room(100 * MS)
    assert not it.room(101 * MS)


def test_unacknowledged_audio_is_kept_for_longer_than_any_segment_and_then_waited_for() -> None:
    it = continuity(1000)
    begin(it)
    for _ in range(LONGEST_SEGMENT_MS // 1000):
        assert it.room(1000 * MS)
        it.append(bytes(1000 * MS))
        take(it)
    assert not it.room(1 * MS)
    assert it.room(1 * MS, unread=True), "who doesn't read can't be told of acknowledgements"
    it.received(Ack(45_000, 3_000))
    assert it.room(2_000 * MS)


def test_a_server_that_never_acknowledges_is_not_waited_for() -> None:
    it = continuity(1000)
    begin(it, kept=False)
    for _ in range(100):
        assert it.room(1000 * MS)
        it.append(bytes(1000 * MS))
        take(it)
    it.closed(ConnectionLostError(1006))
    it.opening()
    told = it.received(Started("s2"))
    assert told[-1] == AudioLost(0, 99_000), "it says so, should it have mattered"


def test_live_sound_gives_way_in_one_gap_that_helps() -> None:
    it = continuity(8000, drop_oldest=True)
    begin(it)
    assert it.append(bytes(8000 * MS)) == []
    lost = it.append(bytes(40 * MS))
    assert lost == [AudioLost(0, 1040)]
    assert it.append(bytes(1000 * MS)) == []
    assert take(it) == (1000 + 8000) * MS, "a second of silence in its place"


def test_what_is_on_its_way_is_bounded_by_what_the_server_takes() -> None:
    it = continuity(200_000, drop_oldest=True)
    begin(it, max_backlog_ms=100_000)
    it.append(bytes(150_000 * MS))
    assert 80_000 * MS <= take(it) < 80_600 * MS
    assert it.waits
    it.received(Ack(80_000, 50_000))
    assert 50_000 * MS - 600 * MS <= take(it) <= 50_600 * MS


def test_pieces_are_whole_frames_and_never_larger_than_the_server_takes() -> None:
    it = Continuity(Options(channels=3), buffer_ms=1000, drop_oldest=False)
    begin(it, max_message_bytes=1000)
    it.append(bytes(6 * 500))
    sizes = [len(piece) for piece in iter(it.outgoing, None)]
    assert sizes == [996, 996, 996, 12]


def test_the_first_message_names_what_the_server_has_said_last() -> None:
    it = continuity()
    begin(it)
    it.received(None, 1)
    it.closed(ConnectionLostError(1006))
    start = json.loads(it.opening("key"))
    assert start["resume"] == {"session_id": "s", "token": "t", "received": 1}
    assert start["token"] == "key"


def test_coming_on_is_more_audio_at_the_server_or_more_that_is_decided() -> None:
    it = continuity()
    lost = ConnectionLostError(1006)
    begin(it)
    assert not it.closed(lost)
    it.opening()
    it.received(Started("s", "t", resumed_from_ms=0))
    assert not it.closed(lost)
    it.opening()
    it.append(bytes(500 * MS))
    it.received(Started("s", "t", resumed_from_ms=500))
    assert it.closed(lost)
    assert not it.closed(lost)


def test_idle_is_having_nothing_to_say_or_to_hear() -> None:
    it = continuity()
    begin(it)
    assert it.idle
    it.finalize("1")
    it.outgoing()
    assert not it.idle
