"""One decoding or several make a final: what is asked for again, and how the pieces are joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streaming.decision import Decision
from streaming.decoding import Hypothesis, Prefix, Word
from streaming.lead import Before
from streaming.said import Said

MS = 16
START = 1_000 * MS


def decision(
    seconds: float = 8.0,
    spoken_ms: int = 7_800,
    prompt: str = "",
    before_ms: int = 0,
    known: str = "",
) -> Decision:
    """What came before is ``known``, or else not decoded yet."""
    audio = np.arange(int(seconds * 16_000), dtype=np.float32)
    before = None
    if before_ms:
        words = Said()
        heard = np.arange(-before_ms * MS, 0, dtype=np.float32)
        before = Before(heard, START, START - 300 * MS, words)
        if known:
            at_ms = START // MS - 1_900  # so that a lead of theirs has 2 s
            spoken = tuple(word.later(at_ms) for word in said(known, 1_600).words)
            words.hear(spoken, "en", START)
    return Decision(audio, START, spoken_ms, before=before, prompt=prompt)


def said(text: str, until_ms: int, **fields: object) -> Hypothesis:
    """Words of equal length that end at ``until_ms``."""
    names = text.split()
    step = until_ms // max(1, len(names))
    words = tuple(
        Word(f" {name}", i * step, until_ms if i == len(names) - 1 else (i + 1) * step, 0.9)
        for i, name in enumerate(names)
    )
    plain = Hypothesis(text, words, "en", 0.9, average_logprob=-0.2, token_count=len(words))
    return replace(plain, **fields)  # type: ignore[arg-type]


def test_words_up_to_the_last_voice_are_the_text() -> None:
    heard = said("and all was said", 7_500)
    assert decision().take(heard) == heard


def test_speech_behind_the_last_word_is_decoded_too() -> None:
    it = decision()
    assert it.take(said("it was sunday", 3_000)) is None
    assert (it.start, it.doubt, it.again) == (START + 2_900 * MS, "unheard", False)
    assert it.audio[0] == 2_900 * MS
    assert len(it.audio) == (8_000 - 2_900) * MS
    whole = it.take(said("and it rained", 4_700, average_logprob=-0.4))
    assert whole is not None
    assert whole.text == "it was sunday and it rained"
    assert [word.end_ms for word in whole.words][2::3] == [3_000, 7_600]
    assert whole.token_count == 6
    assert whole.average_logprob == pytest.approx(-0.3)


def test_it_goes_on_only_so_often() -> None:
    it = decision(28.0, 27_000)
    for _ in range(3):
        assert it.take(said("again", 1_000)) is None
    whole = it.take(said("enough", 1_000))
    assert whole is not None
    assert whole.text == "again again again enough"
    # 100 ms of every piece are heard again by the next.
    assert [word.end_ms for word in whole.words] == [1_000, 1_900, 2_800, 3_700]


@pytest.mark.parametrize(
    "rest",
    [
        said("", 0),
        said("thank you", 500, average_logprob=-1.3),
        said("we met at noon we met at noon we met at noon", 4_700),
    ],
)
def test_a_doubtful_rest_is_left_out(rest: Hypothesis) -> None:
    it = decision()
    first = said("it was sunday", 3_000)
    assert it.take(first) is None
    assert it.take(rest) == first


def test_a_short_rest_is_not_looked_into() -> None:
    heard = said("it was sunday", 6_400)
    assert decision().take(heard) == heard


def test_words_without_times_say_nothing_of_a_rest() -> None:
    heard = replace(said("a b", 600), words=(Word(" a"), Word(" b")))
    assert decision().take(heard) == heard
    empty = said("", 0)
    assert decision().take(empty) == empty


def test_what_went_astray_is_decoded_again_with_room() -> None:
    it = decision()
    assert it.take(said("mumble", 7_700, average_logprob=-1.1)) is None
    assert (it.again, it.doubt, it.with_context) == (True, "probability", True)
    assert len(it.audio) == 8 * 16_000
    better = said("a tumble", 7_700)
    assert it.take(better) == better


def test_what_is_uncertain_is_looked_at_twice_and_the_likelier_text_kept() -> None:
    unsure = said("soy place on", 7_700, average_logprob=-0.5)
    for second, kept in ((-0.4, True), (-0.6, False)):
        it = decision()
        assert it.take(unsure) is None
        assert (it.again, it.doubt) == (True, "uncertain")
        heard = said("so I probably", 7_700, average_logprob=second)
        assert it.take(heard) == (heard if kept else unsure)


def test_a_second_look_that_went_astray_is_not_taken() -> None:
    it = decision()
    unsure = said("soy place on", 7_700, average_logprob=-0.5)
    assert it.take(unsure) is None
    assert it.take(said("a b c d a b c d a b c d", 7_700, average_logprob=-0.1)) == unsure


def test_of_speech_and_no_speech_the_speech_is_taken() -> None:
    it = decision(1.0, 800)
    assert it.take(said("1", 700, average_logprob=-0.66, no_speech=0.7)) is None
    heard = said("one", 700, average_logprob=-0.8, no_speech=0.3)
    assert it.take(heard) == heard


def test_a_hurried_answer_will_do_unless_it_went_astray() -> None:
    unsure = said("soy place on", 7_700, average_logprob=-0.5, hurried=True)
    assert decision().take(unsure) == unsure
    assert decision().take(replace(unsure, average_logprob=-1.1)) is None


def test_a_doubtful_second_look_is_kept_all_the_same() -> None:
    it = decision()
    poor = said("mumble", 7_700, average_logprob=-1.1)
    assert it.take(poor) is None
    assert it.take(poor) == poor


def test_an_echo_of_the_context_is_decoded_without_it() -> None:
    it = decision(prompt="Ahab Ishmael Queequeg Starbuck")
    echo = said("Ahab Ishmael Queequeg Starbuck", 7_700)
    assert it.take(echo) is None
    assert not it.with_context
    heard = said("something else was said here", 7_700)
    assert it.take(heard) == heard


def doubtful(text: str, until_ms: int, **fields: object) -> Hypothesis:
    return said(text, until_ms, **({"average_logprob": -0.8} | fields))


def led(text: str, own: str) -> Hypothesis:
    """Words of a lead of two seconds, and of 1.5 s behind it."""
    mine = tuple(word.later(2_000) for word in said(own, 1_500).words)
    return replace(said(text, 1_900), text=f"{text} {own}", words=(*said(text, 1_900).words, *mine))


def test_what_is_in_doubt_is_heard_again_behind_what_was_said_before_it() -> None:
    it = decision(2.0, 1_500, before_ms=2_000)
    assert it.take(doubtful("i have a chord", 1_500)) is None
    assert (it.again, it.doubt, it.start) == (True, "uncertain", START - 2_000 * MS)
    assert (it.audio[0], it.audio[-1], len(it.audio)) == (-2_000 * MS, 2_000 * MS - 1, 4_000 * MS)
    heard = it.take(led("this is the sick corpus", "i have a cold"))
    assert heard is not None
    assert heard.text == "i have a cold"
    assert heard.words[-1].end_ms == 1_500
    assert (it.start, len(it.audio)) == (START, 2_000 * MS)


def test_where_the_model_stops_within_the_lead_what_was_heard_first_will_do() -> None:
    it = decision(2.0, 1_500, before_ms=2_000)
    assert it.take(doubtful("six of spades", 1_500)) is None
    heard = it.take(said("what joy there is", 1_900))
    assert heard is not None
    assert heard.text == "six of spades"


def test_what_went_astray_is_heard_by_itself_then() -> None:
    it = decision(2.0, 1_500, before_ms=2_000)
    assert it.take(doubtful("six six six", 1_500, average_logprob=-1.1)) is None
    assert it.take(said("what joy there is", 1_900)) is None
    assert (it.again, it.doubt, it.start) == (True, "probability", START)
    assert len(it.audio) == 2_000 * MS
    heard = it.take(doubtful("six", 1_500, average_logprob=-0.6))
    assert heard is not None
    assert heard.text == "six"


@pytest.mark.parametrize(
    "first",
    [
        doubtful("uh", 1_500, average_logprob=-1.6),
        doubtful("uh", 1_500, average_logprob=-0.8, no_speech=0.9),
    ],
)
def test_what_may_be_no_speech_at_all_gets_no_certainty_from_speech_before_it(
    first: Hypothesis,
) -> None:
    it = decision(2.0, 1_500, before_ms=2_000)
    assert it.take(first) is None
    assert (it.again, it.start) == (True, START)


def test_a_lead_never_makes_the_window_longer() -> None:
    it = decision(9.5, 9_400, before_ms=2_000)
    assert it.take(doubtful("a long one", 9_400)) is None
    assert (it.again, it.start) == (True, START)


def test_an_echo_behind_a_lead_is_not_believed() -> None:
    it = decision(2.0, 1_500, prompt="alpha beta gamma delta", before_ms=2_000)
    assert it.take(doubtful("a bit of doubt", 1_500, average_logprob=-0.8)) is None
    assert it.take(led("he said", "alpha beta gamma delta")) is None
    assert (it.with_context, it.start) == (True, START)


def test_speech_behind_the_last_word_is_decoded_after_a_lead_as_well() -> None:
    it = decision(6.0, 5_800, before_ms=2_000)
    assert it.take(doubtful("i have a chord", 1_500)) is None
    assert it.take(led("this is the sick corpus", "i have a cold")) is None
    assert (it.start, it.doubt, it.again) == (START + 1_400 * MS, "unheard", False)


def test_what_was_said_before_is_given_to_go_on_from() -> None:
    it = decision(2.0, 1_500, before_ms=5_000, known="this is the")
    assert it.take(doubtful("i have a chord", 1_500)) is None
    assert it.prefix == Prefix(" this is the", 2_000)
    assert (it.again, it.start, len(it.audio)) == (True, START - 2_000 * MS, 4_000 * MS)
    # What the final before had missed is heard now, too; it begins where the segment does.
    late = (Word(" sick", 1_500, 1_900, 0.9), Word(" cold", 2_100, 2_500, 0.9))
    heard = it.take(replace(said("sick cold", 1_500), words=late))
    assert heard is not None
    assert [(word.text, word.start_ms) for word in heard.words] == [(" sick", 0), (" cold", 100)]
    assert (it.start, len(it.audio)) == (START, 2_000 * MS)


def test_of_what_is_not_known_yet_two_seconds_are_enough() -> None:
    it = decision(2.0, 1_500, before_ms=5_000)
    assert it.take(doubtful("i have a chord", 1_500)) is None
    assert (it.prefix, it.start) == (None, START - 2_000 * MS)
