from __future__ import annotations

import pytest

from load.text import fold, folded, scoring_tokens
from load.wer import ErrorCount, count_errors, pooled


def test_by_hand() -> None:
    count = count_errors(["the cat sat on the red mat"], ["the hat sat on red mat today"], "en")
    assert count == ErrorCount(tokens=7, hits=5, substitutions=1, deletions=1, insertions=1)
    assert count.rate == pytest.approx(3 / 7)


def test_rates_are_pooled_not_averaged() -> None:
    long = count_errors(["a b c d e f g h i j"], ["a b c d e f g h i j"], "de")
    short = count_errors(["a"], ["b"], "de")
    assert pooled([long, short]).rate == pytest.approx(1 / 11)
    assert pooled([]).rate is None


def test_nothing_said_and_nothing_heard() -> None:
    assert count_errors([], ["thank you"], "en") == ErrorCount(insertions=2)
    assert count_errors(["thank you"], [], "en") == ErrorCount(tokens=2, deletions=2)
    assert count_errors([], [], "en").rate is None


def test_english_numbers_spelling_and_contractions_are_one() -> None:
    assert count_errors(["it's twenty five colours"], ["It is 25 colors."], "en").errors == 0
    # A number is not joined across two texts.
    assert scoring_tokens("twenty", "en") + scoring_tokens("five", "en") == ("20", "5")


def test_languages_without_spaces_are_scored_by_characters() -> None:
    count = count_errors(["砸自己的脚"], ["砸自己的 角。"], "zh")
    assert count == ErrorCount(tokens=5, hits=4, substitutions=1)
    assert scoring_tokens("Grüße, Welt!", "de") == ("grüße", "welt")


def test_folding_keeps_positions() -> None:
    assert folded("Don't – go, GO_now!") == ("dont", "go", "gonow")
    assert fold("…") == ""
    assert fold("Straße") == fold("STRASSE")
