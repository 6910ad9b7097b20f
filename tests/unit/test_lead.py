"""Words of a stretch, and of what was decoded in front of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streaming.decoding import Hypothesis, Word
from streaming.lead import Before, Lead, believed, own_words
from streaming.said import Said

LEAD_MS = 2_000
MS = 16
UNKNOWN = Lead(np.zeros(LEAD_MS * MS, np.float32))


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
    found = believed(alone, led, UNKNOWN)
    assert found is not None
    assert found.text == "acoustic corpus"
    assert [(word.start_ms, word.end_ms) for word in found.words] == [(100, 300), (300, 500)]
    # Whether it is speech at all was told by what was heard of it alone.
    assert (found.average_logprob, found.no_speech) == (-1.1, 0.1)


def test_less_sure_words_are_not() -> None:
    alone = heard(*spoken("seven of clubs", 100, 0.9))
    led = heard(*spoken("like", 1_000), *spoken("seven of cloves", 2_100, 0.6))
    assert believed(alone, led, UNKNOWN) == alone


def test_what_went_astray_alone_gives_way_to_less_sure_words() -> None:
    alone = replace(heard(*spoken("firefox firefox", 100, 0.9)), looped=True)
    led = heard(*spoken("to myself", 1_000), *spoken("firefox", 2_100, 0.3))
    found = believed(alone, led, UNKNOWN)
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
    assert believed(heard(*spoken("six of spades", 100, 0.1)), led, UNKNOWN) is None


def test_words_without_confidences_are_compared_all_the_same() -> None:
    alone = heard(Word(" yes", 100, 300), logprob=-0.9)
    led = heard(Word(" yeah", 2_100, 2_300))
    found = believed(alone, led, UNKNOWN)
    assert found is not None
    assert found.text == "yeah"


def known(text: str) -> Lead:
    return replace(UNKNOWN, words=spoken(text, 100))


def test_behind_what_was_said_all_words_are_the_stretchs_own() -> None:
    alone = heard(*spoken("a cord to replace", 100, 0.2), logprob=-0.8)
    led = heard(Word(" sick", 1_500, 1_800, 0.9), *spoken("i have a cold", 2_100))
    found = believed(alone, led, known("so this is the"))
    assert found is not None
    assert found.text == "sick i have a cold"
    assert [(word.start_ms, word.end_ms) for word in found.words[:2]] == [(0, 0), (100, 300)]


def test_what_was_said_is_not_heard_again() -> None:
    alone = heard(*spoken("a district", 100, 0.1), logprob=-0.8)
    lead = known("and i have a cord")
    assert believed(alone, heard(*spoken("i have a cord", 2_100)), lead) is None
    assert believed(alone, heard(*spoken("a cord", 2_100)), lead) is not None


def before(said: Said, seconds: float = 5.0) -> Before:
    """Audio up to the tenth second, whose samples count; the last voice in it ends at 9.7 s."""
    audio = np.arange(-seconds * 1_000 * MS, 0, dtype=np.float32)
    return Before(audio, 10_000 * MS, 9_700 * MS, said)


def test_a_lead_begins_with_a_word_that_is_known() -> None:
    said = Said()
    said.hear(spoken("one two three", 4_600), "en", 5_300 * MS)
    said.hear(spoken("four five six", 9_100), "en", 9_900 * MS)
    lead = before(said).lead("en", 11_000 * MS)
    assert lead.prefix is not None
    # "one" and "two" begin before the audio does, or too soon behind its start.
    assert (lead.prefix.text, lead.duration_ms) == (" four five six", 1_000)
    assert lead.audio[-1] == -1
    longer = before(said, 6.0).lead("en", 11_000 * MS)
    assert longer.prefix is not None
    assert (longer.prefix.text, longer.duration_ms) == (" one two three four five six", 5_500)
    assert before(said, 6.0).lead("en", 3_000 * MS).prefix == lead.prefix


def test_a_lead_of_which_too_little_is_known_has_two_seconds_and_no_words() -> None:
    said = Said()
    said.hear(spoken("four five six", 9_100), "en", 9_600 * MS)  # a voice came after that
    unknown = before(said).lead("en", 11_000 * MS)
    assert (unknown.prefix, unknown.duration_ms) == (None, 2_000)
    said.nothing(9_900 * MS)
    assert before(said).lead("en", 11_000 * MS).prefix is not None
    assert before(said).lead("de", 11_000 * MS).prefix is None
