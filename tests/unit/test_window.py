"""What of an open segment is decoded next, and when the window's start moves up."""

from __future__ import annotations

import pytest

from streaming.decoding import Word
from streaming.window import Span, Window, WindowConfig

MS = 16
CONFIG = WindowConfig(step_ms=500, first_ms=700, pause_ms=160, trim_ms=6_000, keep_ms=2_000)


def window(start_ms: int = 1_000) -> Window:
    return Window(start_ms * MS, CONFIG)


def due(it: Window, now_ms: int, voice_end_ms: int | None = None) -> Span | None:
    voice_end_ms = now_ms if voice_end_ms is None else voice_end_ms
    return it.due(now_ms * MS, voice_end_ms * MS)


def timed(*ends_ms: int) -> list[Word]:
    return [Word(f" w{end}", end - 200, end) for end in ends_ms]


def test_nothing_is_due_before_there_is_enough_to_understand() -> None:
    assert due(window(), 1_699) is None
    assert due(window(), 1_700) == Span(1_000 * MS, 1_700 * MS, timed=False, cut_off=True)


def test_the_next_is_due_a_step_of_new_audio_later() -> None:
    it = window()
    it.decoded(1_700 * MS)
    assert due(it, 2_199) is None
    assert due(it, 2_200) == Span(1_000 * MS, 2_200 * MS, timed=False, cut_off=True)


def test_a_pause_makes_it_due_at_once_and_once_only() -> None:
    it = window()
    it.decoded(1_700 * MS)
    assert due(it, 1_899, 1_740) is None
    span = due(it, 1_900, 1_740)
    assert span == Span(1_000 * MS, 1_900 * MS, timed=False, cut_off=False)
    # Found later, it ends where the pause was noticed: more silence says nothing more.
    assert due(it, 2_600, 1_740) == span
    it.decoded(span.end)
    assert due(it, 9_000, 1_740) is None
    assert due(it, 9_000, 8_900) is not None


def test_how_much_has_come_unheard_is_told_if_somebody_spoke_in_it() -> None:
    it = window()
    it.decoded(2_000 * MS)
    assert it.unheard(3_000 * MS, 2_500 * MS) == 1_000 * MS
    assert it.unheard(3_000 * MS, 2_000 * MS) == 0


def test_what_was_said_while_decoding_is_due_as_soon_as_it_is_over() -> None:
    it = window()
    it.decoded(2_000 * MS)
    assert due(it, 2_300, 2_300) is None
    assert due(it, 2_460, 2_300) == Span(1_000 * MS, 2_460 * MS, timed=False, cut_off=False)


def test_times_are_asked_for_when_the_window_is_nearly_long_enough_to_move() -> None:
    it = window()
    it.decoded(4_500 * MS)
    short, long = due(it, 5_000), due(it, 5_100)
    assert short is not None
    assert long is not None
    assert (short.timed, long.timed) == (False, True)


def test_a_short_window_does_not_move() -> None:
    it = window()
    assert it.slide(timed(1_500, 2_000, 2_500), 7_000 * MS) == 0
    assert it.start == 1_000 * MS


def test_a_long_window_moves_behind_committed_words_but_keeps_one_and_two_seconds() -> None:
    it = window()
    words = timed(1_500, 2_000, 4_000, 5_500, 6_500)
    assert it.slide(words, 7_500 * MS) == 3
    assert it.start == 5_300 * MS
    assert due(it, 8_000) == Span(5_300 * MS, 8_000 * MS, timed=False, cut_off=True)


def test_words_without_times_can_not_be_left_behind() -> None:
    it = window()
    untimed = [Word(" a"), Word(" b"), Word(" c")]
    assert it.slide(untimed, 9_000 * MS) == 0
    assert it.slide([*untimed, *timed(3_000)], 9_000 * MS) == 3
    assert it.start == 2_800 * MS


@pytest.mark.parametrize("words", [[], timed(1_500)])
def test_the_only_committed_word_stays_as_the_anchor(words: list[Word]) -> None:
    it = window()
    assert it.slide(words, 9_000 * MS) == 0


def test_the_window_never_moves_back() -> None:
    it = window()
    it.slide(timed(1_500, 2_000, 4_000), 7_500 * MS)
    start = it.start
    assert it.slide(timed(1_500, 2_000, 3_000), 20_000 * MS) == 0
    assert it.start == start


def test_where_partials_are_rare_windows_move_at_half_the_length_and_old_words_stay() -> None:
    it = window()
    it.decoded(2_499 * MS)
    assert it.settled_ms(2_499 * MS) is None
    words = timed(1_500, 2_000, 2_200)
    assert it.slide(words, 4_500 * MS) == 0
    often, seldom = due(it, 3_990), due(it, 4_010)
    assert often is not None
    assert seldom is not None
    assert (often.timed, seldom.timed) == (False, True)
    it.decoded(4_010 * MS)
    assert it.settled_ms(4_010 * MS) == 2_510
    assert it.slide(words, 4_500 * MS) == 2
    it.decoded(4_500 * MS)
    assert it.settled_ms(4_500 * MS) is None


def test_behind_a_sentence_it_begins_anew() -> None:
    it = window()
    it.decoded(3_000 * MS)
    it.restart(2_940 * MS)
    assert it.start == 2_940 * MS
    assert due(it, 3_600, 3_600) is None  # too little to understand, as at a segment's beginning
    assert due(it, 3_640) == Span(2_940 * MS, 3_640 * MS, timed=False, cut_off=True)
    it.restart(2_000 * MS)
    assert it.start == 2_940 * MS
