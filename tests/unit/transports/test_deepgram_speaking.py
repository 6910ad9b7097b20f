"""When an utterance is over on a channel."""

from __future__ import annotations

from streaming.decoding import Word
from streaming.events import EndReason, Final
from streaming.transports.deepgram_speaking import Speaking


def final(reason: EndReason, *ends: int) -> Final:
    words = tuple(Word(" a", end - 10, end, 0.9) for end in ends)
    return Final(0, 0, 0, 5_000, "a", 0.9, "en", 0.9, reason, words, len(words))


def test_it_is_over_so_long_behind_the_last_word() -> None:
    it = Speaking()
    assert it.due_at(1_000) is None
    it.began()
    it.heard(final(EndReason.MAX_LENGTH, 500, 900))
    assert it.due_at(1_000) is None  # somebody still speaks
    it.ended()
    assert it.due_at(1_000) is None  # the rest is awaited
    it.heard(final(EndReason.SILENCE, 1_400))
    assert it.due_at(1_000) == 2_400
    assert it.over() == 1_400
    assert it.due_at(1_000) is None


def test_what_was_no_speech_is_not_awaited_any_more() -> None:
    it = Speaking()
    it.heard(final(EndReason.SILENCE, 700))
    it.began()
    it.ended()
    assert it.due_at(1_000) is None
    it.suppressed()
    assert it.due_at(1_000) == 1_700


def test_a_final_without_words_ends_nothing() -> None:
    it = Speaking()
    it.heard(final(EndReason.SILENCE))
    assert it.due_at(1_000) is None


def test_while_a_final_is_held_back_nothing_is_over() -> None:
    it = Speaking(held=final(EndReason.SILENCE, 700))
    it.heard(final(EndReason.SILENCE, 700))
    assert it.due_at(1_000) is None
