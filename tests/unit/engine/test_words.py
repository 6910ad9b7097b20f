"""Tokens to words: what belongs together, and when it was said."""

from __future__ import annotations

import pytest

from streaming.confidence import Calibration
from streaming.decoding import Word
from streaming.engine.words import TokenSpan, spans, timed_words, token_starts, untimed_words


def joined(pieces: list[str], *, spaced: bool = True) -> list[str]:
    return [span.text for span in spans(pieces, [[1]] * len(pieces), spaced=spaced)]


@pytest.mark.parametrize(
    "pieces, words",
    [
        ([], []),
        ([" Hello", ",", " world", "!"], [" Hello,", " world!"]),
        ([" it", "'s"], [" it's"]),
        ([" well", "-", "known"], [" well-known"]),
        ([' "', "Yes", '"', " she", " said"], [' "Yes"', " she", " said"]),
        ([" (", "maybe", ")", "."], [" (maybe)."]),
        ([" 3", ".", "5", " %"], [" 3.5 %"]),
        ([" wait", " …", " no"], [" wait …", " no"]),
        ([" ¿", "Qué", "?"], [" ¿Qué?"]),
        ([" a", " "], [" a "]),
        (["Hello", " you"], ["Hello", " you"]),
    ],
)
def test_pieces_of_a_language_with_spaces(pieces: list[str], words: list[str]) -> None:
    assert joined(pieces) == words


@pytest.mark.parametrize(
    "pieces, words",
    [
        (["今", "天", "。"], ["今", "天。"]),
        (["「", "は", "い", "」"], ["「は", "い」"]),
        (["好", "，", "吗", "？"], ["好，", "吗？"]),
    ],
)
def test_pieces_of_a_language_without_spaces(pieces: list[str], words: list[str]) -> None:
    assert joined(pieces, spaced=False) == words


def test_spans_count_tokens_not_pieces() -> None:
    found = spans([" un", "believ", "able", " yes"], [[1], [2, 3], [4], [5]])
    assert found == [TokenSpan(" unbelievable", 0, 4), TokenSpan(" yes", 4, 5)]


@pytest.mark.parametrize(
    "path, count, starts",
    [
        ([(0, 0), (0, 1), (1, 2), (2, 7), (3, 9)], 3, [0, 2, 7, 9]),
        # Nothing is aligned to the end of the text: it is where the path ends.
        ([(0, 3), (1, 5), (1, 8)], 2, [3, 5, 8]),
        # A token that the path skips begins with the next one.
        ([(0, 1), (2, 6), (3, 9)], 3, [1, 6, 6, 9]),
        ([], 2, [0, 0, 0]),
        ([(0, 4)], 0, [4]),
        ([(7, 4), (-1, 2)], 1, [4, 4]),
    ],
)
def test_where_tokens_start(path: list[tuple[int, int]], count: int, starts: list[int]) -> None:
    assert token_starts(path, count) == starts


def timed(*those: tuple[str, int, int], duration_ms: int = 10_000) -> list[tuple[int, int]]:
    """Times of words of one token each; starts and the last end are in frames of 20 ms."""
    words = [TokenSpan(text, i, i + 1) for i, (text, _, _) in enumerate(those)]
    starts = [start for _, start, _ in those] + [those[-1][2]]
    found = timed_words(words, starts, [0.5] * len(those), duration_ms)
    return [(word.start_ms or 0, word.end_ms or 0) for word in found]


def test_a_word_lasts_until_the_next() -> None:
    assert timed((" one", 5, 0), (" two", 20, 0), (" three", 40, 60)) == [
        (100, 400), (400, 800), (800, 1_200),
    ]  # fmt: skip


def test_a_pause_before_a_word_is_not_the_words() -> None:
    assert timed((" no", 0, 0), (" yes", 150, 160))[0] == (2_400, 3_000)


def test_a_pause_behind_the_last_word_is_not_the_words() -> None:
    assert timed((" well", 0, 0), (" yes", 20, 300))[1] == (400, 1_150)


def test_nothing_lies_outside_the_audio() -> None:
    assert timed((" a", 2, 0), (" b", 45, 70), duration_ms=1_000) == [(450, 900), (900, 1_000)]


def confidences(words: list[TokenSpan], probabilities: list[float]) -> list[float]:
    found = timed_words(words, [0] * (len(probabilities) + 1), probabilities, 1_000)
    return [word.confidence or 0.0 for word in found]


def test_confidence_is_what_the_calibration_makes_of_the_tokens() -> None:
    words = [TokenSpan(" un", 0, 2), TokenSpan(" do", 2, 3)]
    calibration = Calibration(own=1.0, around=0.0, offset=0.0)
    found = timed_words(words, [0, 1, 2, 3], [0.9, 0.5, 0.75], 1_000, calibration)
    assert found == (Word(" un", 0, 40, 0.5), Word(" do", 40, 60, 0.75))


def test_punctuation_says_nothing_about_a_word() -> None:
    (word,) = spans([' "', "well", ",", '"'], [[1], [2, 3], [4], [5]])
    assert word.spoken == range(1, 3)
    sure = confidences([word], [0.1, 0.9, 0.8, 0.1, 0.1])
    assert sure == confidences([TokenSpan(" well", 0, 2)], [0.9, 0.8])


@pytest.mark.parametrize(
    "pieces, spoken",
    [
        ([" a", "-", "b", "."], range(3)),
        ([" (", '"', "x"], range(2, 3)),
        ([" …"], range(1)),
        ([" …", "."], range(1)),
        ([" क", "ि"], range(2)),  # a vowel sign is no letter by itself, and heard all the same
        ([" x", " "], range(1)),
    ],
)
def test_what_is_spoken_of_a_word(pieces: list[str], spoken: range) -> None:
    (word,) = spans(pieces, [[1]] * len(pieces))
    assert word.spoken == spoken


def test_a_word_that_is_nothing_but_marks_has_those_to_go_by() -> None:
    assert confidences([TokenSpan(" …", 0, 1)], [0.9]) > confidences([TokenSpan(" …", 0, 1)], [0.2])


def test_no_word_is_certain_either_way() -> None:
    found = confidences([TokenSpan(" a", 0, 1), TokenSpan("", 1, 1)], [1.2])
    assert 0.0 < found[1] < 0.5 < found[0] < 1.0


def test_words_without_times_are_trusted_one_by_one() -> None:
    words = spans([" thick", " peop"], [[1, 2], [3]])
    sure, doubtful = untimed_words(words, [0.9, 0.8, 0.3])
    assert (sure.text, sure.start_ms, doubtful.text) == (" thick", None, " peop")
    assert sure.confidence == untimed_words(words[:1], [0.9, 0.8])[0].confidence
    assert sure.confidence is not None
    assert doubtful.confidence is not None
    assert doubtful.confidence < 0.5 < sure.confidence


def test_words_of_unknown_probability_have_no_confidence() -> None:
    assert untimed_words(spans([" a"], [[1]]), None) == (Word(" a"),)
