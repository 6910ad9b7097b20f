from __future__ import annotations

from streaming.client import (
    Ack,
    Ended,
    Event,
    Final,
    Finalized,
    Language,
    Options,
    Partial,
    SpeechEnded,
    SpeechStarted,
    Warned,
    Word,
)
from streaming.client.ledger import Ledger
from streaming.client.sound import Sound
from streaming.client.timeline import Timeline

SOUND = Sound(Options())


def ledger(channels: int = 1) -> tuple[Ledger, Timeline]:
    timeline = Timeline(SOUND)
    return Ledger.of(timeline, channels), timeline


def final(segment: int, start: int, end: int, text: str = "word", channel: int = 0) -> Final:
    return Final(segment, channel, start, end, text)


def partial(segment: int, revision: int) -> Partial:
    return Partial(segment, revision, 0, 0, 500, "text")


def suppressed(segment: int, end_ms: int) -> Warned:
    detail = (("channel", 0), ("end_ms", end_ms), ("segment", segment), ("start_ms", 0))
    return Warned("suppressed", "", detail)


def test_a_segment_ends_once() -> None:
    it, _ = ledger()
    assert it.tell(final(0, 0, 900)) is not None
    assert it.tell(final(0, 0, 900)) is None
    assert it.tell(suppressed(0, 900)) is None
    assert it.tell(partial(0, 9)) is None
    assert it.settled_ms(0) == 900


def test_a_final_that_comes_late_is_no_repetition() -> None:
    it, _ = ledger()
    assert it.tell(final(1, 500, 900)) is not None
    assert it.tell(final(0, 0, 400)) is not None
    assert it.settled_ms(0) == 900


def test_only_so_many_segments_are_remembered() -> None:
    it, _ = ledger()
    for segment in range(5000):
        it.tell(final(segment, segment, segment + 1))
    assert it.tell(final(10, 10, 11)) is None
    assert it.tell(final(4999, 4999, 5000)) is None
    assert len(it._done) == 1024


def test_channels_are_told_apart() -> None:
    it, _ = ledger(2)
    it.tell(final(1, 0, 900, channel=1))
    assert it.tell(final(0, 0, 500, channel=0)) is not None
    assert (it.settled_ms(0), it.settled_ms(1)) == (500, 900)


def test_revisions_only_grow() -> None:
    it, _ = ledger()
    told = [it.tell(partial(0, revision)) for revision in (1, 3, 2, 3, 4)]
    assert [event is not None for event in told] == [True, True, False, False, True]


def test_a_new_session_in_the_old_ones_time_and_numbers() -> None:
    it, timeline = ledger()
    it.tell(final(4, 0, 30))
    timeline.restart(SOUND.position(1000))
    assert list(it.new_session(1000)) == []
    word = Word("a", 10, 20)
    told = it.tell(Final(0, 0, 0, 30, "a", words=(word,)))
    assert told == Final(5, 0, 1000, 1030, "a", words=(Word("a", 1010, 1020),))
    assert it.tell(Finalized("", 40)) == Finalized("", 1040)
    assert it.tell(Ended(50, 1, 1)) == Ended(1050, 6, 2)


def test_what_the_old_session_left_open_is_closed() -> None:
    it, timeline = ledger()
    it.tell(SpeechStarted(0, 200))
    it.tell(partial(7, 1))
    timeline.restart(SOUND.position(100))
    ended, taken_back = it.new_session(100)
    assert ended == SpeechEnded(0, 200)
    assert isinstance(taken_back, Warned)
    assert dict(taken_back.detail)["segment"] == 7
    told = it.tell(partial(0, 1))
    assert isinstance(told, Partial)
    assert told.segment == 8, "a number that was shown is not used again"


def test_speech_begins_and_ends_in_turn() -> None:
    it, _ = ledger()
    events: list[Event] = [
        SpeechEnded(0, 50),
        SpeechStarted(0, 100),
        SpeechStarted(0, 100),
        SpeechEnded(0, 90),
        SpeechEnded(0, 200),
        SpeechEnded(0, 200),
    ]
    assert [it.tell(event) is not None for event in events] == [
        False, True, False, False, True, False,
    ]  # fmt: skip


def test_figures_never_go_back() -> None:
    it, timeline = ledger()
    it.tell(Ack(2000, 1500))
    timeline.restart(SOUND.position(1100))
    assert it.tell(Ack(100, 0)) == Ack(2000, 1500)
    assert it.tell(Ack(1000, 900)) == Ack(2100, 2000)
    assert it.decoded_ms == 2000


def test_a_language_is_told_when_it_changes() -> None:
    it, _ = ledger(2)
    events = [Language(0, "en"), Language(0, "en"), Language(1, "en"), Language(0, "de")]
    assert [it.tell(event) is not None for event in events] == [True, False, True, True]


def test_a_suppressed_segment_settles_its_audio_too() -> None:
    it, timeline = ledger()
    timeline.restart(SOUND.position(500))
    told = it.tell(suppressed(0, 300))
    assert isinstance(told, Warned)
    assert dict(told.detail) == {"channel": 0, "end_ms": 800, "segment": 0, "start_ms": 500}
    assert it.settled_ms(0) == 800
