"""Ends of words against reference ends."""

from __future__ import annotations

import pytest

from load.latency import SpokenWord
from load.word_times import TimeErrors, end_errors, time_errors
from streaming.decoding import Word


def spoken(*those: tuple[str, float | None]) -> list[SpokenWord]:
    return [SpokenWord(text, end_s, end_s or 0.0) for text, end_s in those]


def test_words_heard_as_they_were_spoken_are_compared() -> None:
    heard = [
        Word(" One", 0, 450),
        Word(" –", 450, 460),
        Word(" tree,", 460, 900),
        Word(" four.", 0, 1_600),
    ]
    assert end_errors(
        spoken(("one", 0.4), ("three", 1.0), ("four", 1.5), ("five", 2.0)), heard
    ) == pytest.approx([50, 100])


def test_a_repeated_word_is_held_against_its_own() -> None:
    assert end_errors(spoken(("no", 0.5), ("no", 3.0)), [Word(" no", 2_500, 2_980)]) == (
        pytest.approx([-20])
    )


def test_words_without_times_are_left_out() -> None:
    assert end_errors(spoken(("one", None), ("two", 1.0)), [Word(" one", 0, 9), Word(" two")]) == []


def test_the_summary() -> None:
    assert time_errors([]) is None
    assert time_errors([-10.0, 30.0, 30.0]) == TimeErrors(words=3, median=30.0, p90=30.0, bias=30.0)
