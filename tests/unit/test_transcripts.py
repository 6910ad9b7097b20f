"""What is kept of what sessions said, for whom, and what is forgotten first."""

from __future__ import annotations

import random

import pytest

from streaming.decoding import Word
from streaming.errors import UnknownSession
from streaming.events import EndReason, Final
from streaming.principal import ANONYMOUS, Principal
from streaming.transcripts import Transcript, TranscriptBounds, Transcripts

KEY = Principal(key="captions", key_id="k1")


def final(text: str, segment: int = 1, words: tuple[Word, ...] | None = None) -> Final:
    return Final(segment, 0, 0, 1_000, text, 0.9, "en", 1.0, EndReason.SILENCE, words)


def kept(session: int = 100_000, everything: int = 1_000_000, keep_s: float = 60.0) -> Transcripts:
    return Transcripts(TranscriptBounds(session, everything, keep_s))


def texts(it: Transcript) -> list[str]:
    return [each.text for each in it.finals]


def test_finals_are_kept_in_the_order_they_came() -> None:
    it = kept().open("s", "t", ANONYMOUS)
    it.add(final("one"))
    it.add(final(""))
    it.add(final("two"))
    assert (texts(it), it.ended, it.complete) == (["one", "two"], False, True)


def test_the_token_opens_its_session_alone() -> None:
    them = kept()
    one, _ = them.open("a", "token of a", KEY), them.open("b", "token of b", KEY)
    assert them.find("a", "token of a", 0.0) is one
    assert them.find("a", "token of b", 0.0) is None
    assert them.find("c", "token of a", 0.0) is None
    assert them.find("c", "0" * 32, 0.0) is None
    assert them.find("a", "\udce4", 0.0) is None


def test_the_key_opens_the_sessions_that_it_began() -> None:
    them = kept()
    one = them.open("a", "t", Principal(key="captions", key_id="k1", subject="room-7"))
    assert them.of_key("a", KEY, 0.0) is one
    said = set()
    for name, principal in (
        ("b", KEY),
        ("a", Principal(key="captions", key_id="k2")),  # one made anew under the same name
        ("a", ANONYMOUS),
    ):
        with pytest.raises(UnknownSession) as caught:
            them.of_key(name, principal, 0.0)
        said.add(str(caught.value))
    assert len(said) == 1


def test_nobody_without_a_key_opens_those_of_others() -> None:
    them = kept()
    them.open("a", "t", ANONYMOUS)
    with pytest.raises(UnknownSession):
        them.of_key("a", ANONYMOUS, 0.0)


def test_it_is_forgotten_a_while_behind_its_end() -> None:
    ends: list[bool] = []
    them = Transcripts(TranscriptBounds(10_000, 10_000, 60.0), lambda: ends.append(True))
    it = them.open("a", "t", ANONYMOUS)
    it.add(final("one"))
    them.expire(1e9)
    assert them.find("a", "t", 1e9) is it  # it goes on
    it.end(100.0)
    it.end(150.0)
    it.add(final("two"))
    assert (texts(it), it.ended, ends) == (["one"], True, [True])
    assert them.find("a", "t", 159.0) is it
    assert them.find("a", "t", 160.0) is None
    assert (len(them), them.held_bytes) == (0, 0)


def test_without_time_it_ends_with_its_session() -> None:
    them = kept(keep_s=0.0)
    them.open("a", "t", ANONYMOUS).end(1.0)
    assert (len(them), them.held_bytes) == (0, 0)


def test_of_a_long_session_the_oldest_is_forgotten() -> None:
    them = kept(session=5_000)
    it = them.open("a", "t", ANONYMOUS)
    words = tuple(Word(f" word{number}", 0, 10, 0.9) for number in range(10))
    for number in range(20):
        it.add(final(f"said {number}", number, words))
    assert 0 < len(it.finals) < 20
    assert texts(it)[-1] == "said 19"
    assert not it.complete
    assert it.held_bytes == them.held_bytes <= 5_000


def test_what_ended_first_makes_room() -> None:
    them = kept(everything=9_000)
    first, second, going = (them.open(name, "t", ANONYMOUS) for name in "abc")
    for each in (first, second, going):
        each.add(final("said"))
    second.end(1.0)
    first.end(2.0)
    while them.find("b", "t", 3.0):
        going.add(final("and on"))
    assert them.find("a", "t", 3.0) is first
    while them.find("a", "t", 3.0):
        going.add(final("and on"))
    whole = going.complete
    for _ in range(20):
        going.add(final("and on"))
    assert (whole, going.complete) == (True, False)
    assert them.held_bytes <= 9_000


def test_one_larger_than_all_room_is_not_kept() -> None:
    them = kept(session=4_096, everything=4_096)
    it = them.open("a", "t", ANONYMOUS)
    it.add(final(random.Random(7).randbytes(10_000).hex()))
    assert (it.finals, it.complete) == ([], False)


def test_sessions_that_say_nothing_count_as_well() -> None:
    them = kept(everything=50_000)
    for number in range(1_000):
        them.open(str(number), "t", ANONYMOUS).end(0.0)
    assert len(them) < 60
