"""Text of the prompt that nobody said: what is suspected, and what a second hearing shows."""

from __future__ import annotations

import pytest

from streaming.decoding import Hypothesis, Word
from streaming.echo import Suspicion, heard_again, suspect

PROMPT = "Minutes of the board, taken in Wuppertal by Ms Grünwald."
HOTWORDS = ("Kowloon", "Del Potro", "Mashhad", "Fisichella")


def said(text: str, **fields: float) -> Hypothesis:
    words = tuple(Word(f" {word}") for word in text.split())
    return Hypothesis(text, words, "en", 1.0, token_count=len(words), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text, run",
    [
        ("Kowloon.", (0, 1)),
        ("Mashhad, Kowloon", (0, 2)),
        ("The board of Wuppertal.", (0, 4)),
        ("He flew to Kowloon, Del Potro, Mashhad, Fisichella.", (3, 8)),
        ("So: minutes of the board, taken in Bonn.", (1, 7)),
        ("He flew to Kowloon and Mashhad.", None),
        ("They met Del Potro.", None),
        ("We sat on the board of it.", None),
        ("", None),
    ],
)
def test_words_in_a_row_or_nothing_but_the_contexts_words_are_suspected(
    text: str, run: tuple[int, int] | None
) -> None:
    hypothesis = said(text)
    expected = None if run is None else Suspicion(hypothesis, *run)
    assert suspect(hypothesis, PROMPT, HOTWORDS) == expected


def test_without_a_context_there_is_nothing_to_suspect() -> None:
    assert suspect(said("Kowloon."), "", ()) is None
    assert suspect(said("Kowloon."), " ", ("",)) is None


def test_scripts_without_spaces_are_compared_by_character() -> None:
    words = tuple(Word(text) for text in ("我们", "在", "广州市", "房地产", "中介", "协会", "吃饭"))
    hypothesis = Hypothesis("".join(word.text for word in words), words, "zh", 1.0)
    assert suspect(hypothesis, "广州市房地产中介协会", ()) is None  # ten characters: a name
    whole = suspect(hypothesis, "他在广州市房地产中介协会吃饭", ())
    assert whole == Suspicion(hypothesis, 1, 7)


@pytest.mark.parametrize(
    "bare, there",
    [
        ("He flew to cow loon, del porto, ma chad and physic ella.", True),
        ("He flew to.", False),
        ("He flew to him.", False),
        ("", False),
    ],
)
def test_misspelt_is_heard_and_gone_is_an_echo(bare: str, there: bool) -> None:
    hypothesis = said("He flew to Kowloon, Del Potro, Mashhad, Fisichella.")
    suspicion = suspect(hypothesis, PROMPT, HOTWORDS)
    assert suspicion is not None
    assert heard_again(suspicion, said(bare)) is there


def test_nothing_but_an_echo_is_compared_as_a_whole() -> None:
    suspicion = suspect(said("Kowloon, Mashhad."), "", HOTWORDS)
    assert suspicion is not None
    assert heard_again(suspicion, said("Call on Mashad"))
    assert not heard_again(suspicion, said("Thank you."))


def test_of_a_loop_nothing_is_kept() -> None:
    suspicion = suspect(said("Kowloon Kowloon Kowloon Kowloon Kowloon Kowloon"), "", HOTWORDS)
    assert suspicion is not None
    assert not heard_again(suspicion, said("Kowloon Kowloon Kowloon Kowloon Kowloon Kowloon"))
