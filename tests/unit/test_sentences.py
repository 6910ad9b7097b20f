"""Where a sentence ends, and where there is only a full stop."""

from __future__ import annotations

import dataclasses

import pytest

from streaming.decoding import Hypothesis, Word
from streaming.sentences import completes_sentence, ends_sentence


@pytest.mark.parametrize(
    "text",
    [
        "Yes.", "No.", "Is it?", "No!", "He said: \"Go.\"", "(That was all.)",
        "Das wissen wir nicht. ",
        "« Voilà. »", "我们明天见。", "本当ですか？", "알겠습니다.", "यह सच है।", "¿Qué tal?",
        "It was in the U.S.A.", "We ran out of time at ten to five.", "Ich heiße Nora.",
    ],
)  # fmt: skip
def test_an_end_of_a_sentence(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "…", "yes", "and then,", "well…", "I thought...", "I thought..", "to Mr.",
        "ask (Dr.", "My number is 5 5 5.", "It was 1984.", "number 3.", "J.", "by Gerald R.",
        "wohnt in der Nr.", "il s'appelle M.", "el Sr.", "zum Beispiel z.B.", "Either -",
        "Either:", "それは…",
    ],
)  # fmt: skip
def test_no_end_of_a_sentence(text: str) -> None:
    assert not ends_sentence(text)


SAID = Hypothesis(
    text="That is all.", words=(Word(" That"), Word(" is"), Word(" all.")), language="en",
    language_confidence=1.0, average_logprob=-0.2, token_count=4,
)  # fmt: skip


def test_what_was_heard_well_completes_a_sentence() -> None:
    assert completes_sentence(SAID)


@pytest.mark.parametrize(
    "changes",
    [{"average_logprob": -0.46}, {"looped": True}, {"text": "That is all"}, {"text": ""}],
)
def test_what_is_doubtful_or_goes_on_does_not(changes: dict[str, object]) -> None:
    assert not completes_sentence(dataclasses.replace(SAID, **changes))  # type: ignore[arg-type]
