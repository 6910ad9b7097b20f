"""From token probabilities to the chance that a word is right."""

from __future__ import annotations

import math

import pytest

from streaming.confidence import (
    AROUND_TOKENS,
    MEASURED,
    Calibration,
    Evidence,
    evidence,
    expected_share,
    log_odds,
)
from streaming.decoding import Word

PLAIN = Calibration(own=1.0, around=0.0, offset=0.0)


def one_token_each(*probabilities: float) -> list[Evidence]:
    return evidence([range(i, i + 1) for i in range(len(probabilities))], probabilities)


def test_the_least_probable_token_speaks_for_its_word() -> None:
    (word,) = evidence([range(3)], [0.9, 0.2, 0.99])
    assert word.own == pytest.approx(math.log(0.2 / 0.8))


def test_a_word_alone_has_only_itself_to_go_by() -> None:
    (word,) = evidence([range(2)], [0.6, 0.9])
    assert word.around == word.own


def test_around_is_the_geometric_mean_of_the_tokens_beside_it() -> None:
    before, word, behind = one_token_each(0.9, 0.1, 0.4)
    assert word.around == pytest.approx(log_odds(math.sqrt(0.9 * 0.4)))
    assert before.around == pytest.approx(log_odds(math.sqrt(0.1 * 0.4)))
    assert behind.around == pytest.approx(log_odds(math.sqrt(0.9 * 0.1)))


def test_what_lies_further_off_says_nothing() -> None:
    near = [0.8] * (2 * AROUND_TOKENS + 1)
    assert one_token_each(0.01, *near, 0.01)[AROUND_TOKENS + 1].around == pytest.approx(
        log_odds(0.8)
    )


def test_tokens_between_the_words_are_left_out() -> None:
    first, last = evidence([range(1, 2), range(3, 4)], [0.01, 0.7, 0.01, 0.9])
    assert first.own == log_odds(0.7)
    assert last.around == pytest.approx(log_odds(0.7))


def test_a_word_without_tokens_is_not_believed() -> None:
    assert evidence([range(0)], [])[0].own == log_odds(0.0)
    assert MEASURED.confidence(evidence([range(0)], [])[0]) < 0.01


@pytest.mark.parametrize("impossible", [-1.0, 0.0, 1.0, 1.2, math.nan, math.inf])
def test_impossible_probabilities_make_possible_confidences(impossible: float) -> None:
    for found in one_token_each(impossible, 0.5, impossible):
        assert 0.0 < MEASURED.confidence(found) < 1.0


def test_what_is_no_number_counts_as_the_least() -> None:
    assert log_odds(math.nan) == log_odds(0.0)


def test_weights_of_one_and_nothing_give_the_probability_itself() -> None:
    assert [PLAIN.confidence(each) for each in one_token_each(0.3, 0.9)] == [0.3, 0.9]


@pytest.mark.parametrize("other", [0.05, 0.5, 0.95])
def test_a_more_probable_word_is_never_less_sure(other: float) -> None:
    steps = [i / 200 for i in range(201)]
    sure = [MEASURED.confidence(one_token_each(p, other)[0]) for p in steps]
    assert sure == sorted(sure)
    assert sure[-1] - sure[0] > 0.3
    beside = [MEASURED.confidence(one_token_each(other, p)[0]) for p in steps]
    assert beside == sorted(beside)


def test_the_offset_moves_all_words() -> None:
    (word,) = one_token_each(0.5)
    assert Calibration(1.0, 0.0, math.log(3)).confidence(word) == 0.75


@pytest.mark.parametrize(
    "own, around, offset", [(0.0, 0.5, 0.0), (-1.0, 0.0, 0.0), (1.0, -0.1, 0.0), (1, 1, math.nan)]
)
def test_weights_that_would_turn_the_order_round_are_refused(
    own: float, around: float, offset: float
) -> None:
    with pytest.raises(ValueError, match="calibration Calibration"):
        Calibration(own, around, offset)


def test_a_segment_is_as_sure_as_its_words_are_on_average() -> None:
    words = [Word(" a", confidence=0.9), Word(" b", confidence=0.4), Word(" c")]
    assert expected_share(words, -2.0) == 0.65


@pytest.mark.parametrize("logprob, share", [(math.log(0.8), 0.8), (0.5, 1.0)])
def test_words_without_confidence_are_judged_by_the_text_as_a_whole(
    logprob: float, share: float
) -> None:
    assert expected_share([Word(" a"), Word(" b")], logprob) == share


def test_no_words_are_nothing_to_be_sure_of() -> None:
    assert expected_share([], -0.1) == 0.0
