"""Fitted weights: found where they are known, and never such that they turn the order round."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from load.fitting import fit, held_out, with_calibration
from load.reliability import JudgedWord, of_words


def drawn(
    odds: Callable[[float, float], float], count: int = 4_000, *, set_name: str = "", seed: int = 1
) -> list[JudgedWord]:
    """Words whose chance to be right is known."""
    random = np.random.default_rng(seed)
    words = []
    for index in range(count):
        own, around = random.normal(2.0, 2.0), random.normal(2.0, 1.0)
        right = random.random() < 1.0 / (1.0 + math.exp(-odds(own, around)))
        name = set_name or f"set{index % 4}"
        words.append(JudgedWord(name, "file", index // 10, 0.5, right, (own, around)))
    return words


def test_weights_that_made_the_words_are_found() -> None:
    found = fit(drawn(lambda own, around: 0.8 * own + 0.4 * around - 0.5))
    assert found.own == pytest.approx(0.8, abs=0.1)
    assert found.around == pytest.approx(0.4, abs=0.1)
    assert found.offset == pytest.approx(-0.5, abs=0.25)


def test_what_speaks_against_its_neighbours_is_not_listened_to() -> None:
    found = fit(drawn(lambda own, around: 0.8 * own - 0.6 * around))
    assert found.around == 0.0
    assert found.own == pytest.approx(0.8, abs=0.2)


def test_a_more_probable_word_is_not_less_sure_whatever_the_words_say() -> None:
    assert fit(drawn(lambda own, around: -own)).own > 0.0


def test_few_words_do_not_make_endless_weights() -> None:
    words = [
        JudgedWord("set", "file", 0, 0.5, right, (own, own))
        for own, right in ((3.0, True), (4.0, True), (-1.0, False))
    ]
    assert fit(words).own < 3.0


@pytest.mark.parametrize("right", [True, False])
def test_right_and_wrong_words_are_needed(right: bool) -> None:
    with pytest.raises(ValueError, match="both kinds"):
        fit([JudgedWord("set", "file", 0, 0.5, right, (1.0, 1.0))] * 3)
    with pytest.raises(ValueError, match="0 of 0"):
        fit([JudgedWord("set", "file", 0, 0.5, True)])


def test_each_set_is_judged_by_weights_of_the_others() -> None:
    usual = drawn(lambda own, around: own, 1_000, set_name="usual")
    also = drawn(lambda own, around: own, 1_000, set_name="also", seed=2)
    odd = drawn(lambda own, around: own - 4.0, 1_000, set_name="odd", seed=3)
    found = held_out([*usual, *also, *odd])
    assert len(found) == 3_000
    # Weights fitted to the odd set as well would know better.
    errors = {name: of_words(w for w in found if w.set == name).ece10 for name in ("usual", "odd")}
    assert errors["odd"] > 0.2
    assert of_words(with_calibration(odd, fit(odd))).ece10 < 0.05
