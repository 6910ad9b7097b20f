"""What an engine gives back, and what of it is let through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streaming.answers import Rubbish, check_answer, check_count
from streaming.decoding import Hypothesis, Kind, Word
from tests.support.work import request

ASKED = request(Kind.FINAL, 1)  # 20 ms of audio
GOOD = Hypothesis("hello", (Word("hello", 0, 20, 0.9),), "en", 0.9, -0.3, 0.01, 1)


def test_an_answer_passes_as_it_is() -> None:
    assert check_answer(ASKED, GOOD) is GOOD
    untimed = replace(GOOD, words=(Word("hello"),))
    assert check_answer(ASKED, untimed) is untimed
    assert check_answer(ASKED, Hypothesis("", (), "en", 0.0)).text == ""


@pytest.mark.parametrize("edge", [1 + 1e-9, 0, 1, -1e-9])
def test_rounding_is_no_fault(edge: float) -> None:
    check_answer(ASKED, replace(GOOD, language_confidence=edge, no_speech=edge))


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "fields",
    [
        {"text": None},
        {"text": b"hello"},
        {"language": None},
        {"language_confidence": NAN},
        {"language_confidence": 1.5},
        {"language_confidence": None},
        {"no_speech": NAN},
        {"no_speech": -1.0},
        {"average_logprob": NAN},
        {"average_logprob": -INF},
        {"words": None},
        {"words": ["hello"]},
        {"words": ("hello",)},
        {"words": (Word("hello", 0, 20, NAN),)},
        {"words": (Word("hello", 0, 20, 7.0),)},
        {"words": (Word("hello", -1, 20),)},
        {"words": (Word("hello", 20, 0),)},
        {"words": (Word("hello", 0, 41),)},
        {"words": (Word("hello", 3_600_000, 3_600_001),)},
        {"words": (Word("hello", 0, None),)},
        {"words": (Word("hello", NAN, NAN),)},  # type: ignore[arg-type]
        {"words": (Word(None, 0, 20),)},  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_rubbish_is_refused_without_a_word_of_what_was_said(fields: dict[str, Any]) -> None:
    with pytest.raises(Rubbish) as refused:
        check_answer(ASKED, replace(GOOD, **fields))
    assert "hello" not in str(refused.value)


@pytest.mark.parametrize("answer", [None, "hello", 7, GOOD.text])
def test_what_is_no_hypothesis_is_refused(answer: object) -> None:
    with pytest.raises(Rubbish, match="no hypothesis"):
        check_answer(ASKED, answer)


def test_there_is_one_answer_to_each_request() -> None:
    assert check_count(2, (GOOD, GOOD)) == [GOOD, GOOD]
    for answers in ([], [GOOD], [GOOD] * 3, None, "ab"):
        with pytest.raises(Rubbish, match="answers: "):
            check_count(2, answers)
