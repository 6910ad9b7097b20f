"""Words are judged as they were written, and confidences by how often they come true."""

from __future__ import annotations

import pytest

from load.reliability import JudgedWord, judge, of_segments, of_words, reliability


@pytest.mark.parametrize(
    "words, reference, verdicts",
    [
        ([" The", " cat", " sat."], "the cat sat", [True, True, True]),
        ([" The", " cat", " sat."], "the dog sat", [True, False, True]),
        ([" the", " big", " cat"], "the cat", [True, False, True]),
        ([" the"], "the cat", [True]),
        # One word that the normaliser makes two of is right when both are.
        ([" I", " won't"], "I will not", [True, True]),
        ([" I", " won't"], "I will go", [True, False]),
        # Two that it makes one of stand and fall together.
        ([" twenty", " one", " men"], "21 men", [True, True, True]),
        ([" twenty", " two", " men"], "21 men", [False, False, True]),
        ([" Mr.", " Smith"], "mister smith", [True, True]),
        # What it drops counts neither way.
        ([" Um,", " yes"], "yes", [None, True]),
        ([" —"], "yes", [None]),
        ([], "yes", []),
    ],
)
def test_which_words_are_right(
    words: list[str], reference: str, verdicts: list[bool | None]
) -> None:
    assert judge(words, reference, "en") == verdicts


def test_languages_without_spaces_are_judged_by_characters() -> None:
    assert judge(["今", "天。"], "今日", "zh") == [True, False]
    assert judge(["今天"], "今日", "zh") == [False]


def test_what_comes_true_as_often_as_it_says_has_no_error() -> None:
    found = reliability([0.75] * 4 + [0.25] * 4, [1, 1, 1, 0, 1, 0, 0, 0])
    assert (found.ece10, found.ece15) == (0.0, 0.0)
    assert found.brier == pytest.approx(0.1875)
    assert found.auc == 0.75
    assert [(each.count, each.confidence, each.right) for each in found.bins] == [
        (4, 0.25, 0.25),
        (4, 0.75, 0.75),
    ]


def test_the_error_is_the_mean_distance_by_words() -> None:
    found = reliability([0.95, 0.95, 0.95, 0.15], [1, 0, 0, 0])
    assert found.ece10 == pytest.approx((abs(3 * 0.95 - 1) + 0.15) / 4)
    assert (found.words, found.right) == (4, 0.25)
    assert found.confidence == pytest.approx(0.75)


def test_bins_reach_from_nothing_to_certainty() -> None:
    found = reliability([0.0, 1.0], [0, 1])
    assert [each.count for each in found.bins] == [1, 1]
    assert (found.ece10, found.auc) == (0.0, 1.0)


def test_there_is_no_order_where_all_are_right() -> None:
    assert reliability([0.5, 0.9], [1, 1]).auc is None


def test_ties_are_worth_half() -> None:
    assert reliability([0.5, 0.5], [1, 0]).auc == 0.5


def test_few_words_never_come_out_even() -> None:
    few, many = (reliability([0.8] * count, [1] * count) for count in (5, 5_000))
    assert few.chance10 > 0.1 > 0.01 > many.chance10


def test_nothing_can_be_said_of_no_words() -> None:
    with pytest.raises(ValueError, match="no words"):
        of_words([])


def word(segment: int, confidence: float, right: bool, file: str = "a") -> JudgedWord:
    return JudgedWord("set", file, segment, confidence, right)


def test_segments_count_by_their_words() -> None:
    words = [word(0, 0.9, True), word(0, 0.7, False), word(1, 0.6, True), word(1, 0.6, True, "b")]
    found = of_segments(words, lambda those: sum(w.confidence for w in those) / len(those))
    assert [(each.count, each.confidence, each.right) for each in found.bins] == [
        (2, 0.6, 1.0),
        (2, pytest.approx(0.8), 0.5),
    ]
    assert found.auc is None
