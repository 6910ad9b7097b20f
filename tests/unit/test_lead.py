"""Words of a stretch, and of what was decoded in front of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streaming.decoding import Hypothesis, Word
from streaming.lead import believed, own_words

LEAD_MS = 2_000


def spoken(text: str, start_ms: int, confidence: float = 0.9) -> tuple[Word, ...]:
    """Words of 200 ms each, one behind the other."""
    return tuple(
        Word(f" {name}", start_ms + i * 200, start_ms + (i + 1) * 200, confidence)
        for i, name in enumerate(text.split())
    )


def heard(*words: Word, logprob: float = -0.5) -> Hypothesis:
    text = "".join(word.text for word in words).strip()
    return Hypothesis(
        text, words, "en", 0.9, average_logprob=logprob, no_speech=0.1, token_count=len(words)
    )


def test_words_of_the_lead_are_left_out_and_none_begins_within_it() -> None:
    across = Word(" cold", 1_900, 2_400, 0.9)
    inside = Word(" a", 1_700, 1_900, 0.9)
    untimed = Word(" so", None, None, 0.9)
    own = own_words((inside, across, untimed), LEAD_MS)
    assert own == (replace(across, start_ms=LEAD_MS), untimed)
    assert own_words((across,), 0) == (across,)


def test_surer_words_are_believed_in_the_stretchs_own_time() -> None:
    alone = heard(*spoken("a district for this", 100, 0.4), logprob=-1.1)
    led = heard(*spoken("than the", 800), *spoken("acoustic corpus", 2_100, 0.7), logprob=-0.3)
    found = believed(alone, led, LEAD_MS)
    assert found is not None
    assert found.text == "acoustic corpus"
    assert [(word.start_ms, word.end_ms) for word in found.words] == [(100, 300), (300, 500)]
    # Whether it is speech at all was told by what was heard of it alone.
    assert (found.average_logprob, found.no_speech) == (-1.1, 0.1)


def test_less_sure_words_are_not() -> None:
    alone = heard(*spoken("seven of clubs", 100, 0.9))
    led = heard(*spoken("like", 1_000), *spoken("seven of cloves", 2_100, 0.6))
    assert believed(alone, led, LEAD_MS) == alone


def test_what_went_astray_alone_gives_way_to_less_sure_words() -> None:
    alone = replace(heard(*spoken("firefox firefox", 100, 0.9)), looped=True)
    led = heard(*spoken("to myself", 1_000), *spoken("firefox", 2_100, 0.3))
    found = believed(alone, led, LEAD_MS)
    assert found is not None
    assert (found.text, found.looped) == ("firefox", False)


@pytest.mark.parametrize(
    "led",
    [
        heard(*spoken("what joy there is", 200)),
        heard(*spoken("what joy there is", 200), *spoken("six", 2_100)),
        replace(heard(*spoken("six of spades", 2_100)), looped=True),
        heard(),
    ],
    ids=["stopped within the lead", "stopped soon behind it", "went astray", "heard nothing"],
)
def test_what_says_little_of_the_stretch_is_not_used(led: Hypothesis) -> None:
    assert believed(heard(*spoken("six of spades", 100, 0.1)), led, LEAD_MS) is None


def test_words_without_confidences_are_compared_all_the_same() -> None:
    alone = heard(Word(" yes", 100, 300), logprob=-0.9)
    led = heard(Word(" yeah", 2_100, 2_300))
    found = believed(alone, led, LEAD_MS)
    assert found is not None
    assert found.text == "yeah"
