"""One segment: what it asks for while it is open, and what becomes of it when it is closed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice, Task, Word
from streaming.events import EndReason, Final, Suppressed
from streaming.options import SessionConfig
from streaming.segment import Segment
from streaming.window import Span, WindowConfig
from tests.support.heard import said

MS = 16
ENGLISH = LanguageChoice(fixed="en")


def segment(start_ms: int = 1_000, **options: object) -> Segment:
    config = dataclasses.replace(SessionConfig(language="en"), **options)  # type: ignore[arg-type]
    return Segment(4, 1, start_ms * MS, config, WindowConfig())


def silence(ms: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.zeros(ms * MS, np.float32)


def closed(it: Segment, end_ms: int = 3_000, voice_end_ms: int = 2_760) -> Segment:
    audio = silence(end_ms - it.start // MS)
    it.close(end_ms * MS, voice_end_ms * MS, audio, EndReason.SILENCE)
    return it


def final(it: Segment) -> Final:
    assert isinstance(it.outcome, Final)
    return it.outcome


def test_requests_say_what_the_client_asked_for() -> None:
    it = segment(task=Task.TRANSLATE, prompt="On deck.", hotwords=("Ishmael",))
    span = Span(1_200 * MS, 2_000 * MS, timed=False, cut_off=True)
    asked = it.partial_request(silence(800), span, heard=())
    assert asked == DecodeRequest(
        kind=Kind.PARTIAL, channel=1, segment=4, start_sample=1_200 * MS, audio=silence(800),
        language=ENGLISH, task=Task.TRANSLATE, prompt="On deck.", hotwords=("Ishmael",),
        words=False, again=False, cut_off=True,
    )  # fmt: skip
    early = it.early_request(silence(900), ())
    assert (early.kind, early.start_sample, early.words) == (Kind.EARLY, it.start, True)
    last = closed(it).final_request(())
    assert (last.kind, last.start_sample, last.end_sample) == (Kind.FINAL, 1_000 * MS, 2_920 * MS)
    assert (last.words, last.again) == (True, False)


def test_a_final_is_in_stream_time_with_its_confidence() -> None:
    it = closed(segment())
    assert it.final_done(said("hello", "there"))
    assert final(it) == Final(
        segment=4, channel=1, start_ms=1_000, end_ms=3_000, text="hello there",
        confidence=0.505, language="en", language_confidence=0.9, reason=EndReason.SILENCE,
        words=(Word(" hello", 1_000, 1_300, 0.5), Word(" there", 1_300, 1_600, 0.51)),
        word_count=2,
    )  # fmt: skip


def test_words_may_be_left_out_but_are_counted() -> None:
    it = closed(segment(words=False))
    it.final_done(said("hello", "there"))
    assert (final(it).words, final(it).word_count) == (None, 2)


def test_a_doubtful_final_is_asked_for_once_more_and_then_stands() -> None:
    it = closed(segment())
    doubtful = said("mumble", average_logprob=-1.1)
    assert not it.final_done(doubtful)
    assert it.outcome is None
    assert it.final_request(()).again
    assert it.final_done(doubtful)
    assert final(it).text == "mumble"


def test_a_loop_that_stays_is_cut_and_what_is_left_may_be_nothing() -> None:
    it = closed(segment())
    loop = said(*["go", "on"] * 9)
    assert not it.final_done(loop)
    assert it.final_done(loop)
    assert final(it).text == "go on"


def test_noise_is_suppressed_with_its_reason() -> None:
    it = closed(segment())
    assert not it.final_done(said("thanks", average_logprob=-0.7, no_speech=0.8))
    assert it.final_done(said("hanks", average_logprob=-0.7, no_speech=0.8))
    assert it.outcome == Suppressed(4, 1, 1_000, 3_000, "no_speech")


def test_an_early_answer_is_the_final_when_nothing_was_said_since() -> None:
    it = segment()
    assert it.early_due(2_760 * MS)
    asked = it.early_request(silence(2_000), ())
    it.begun(asked)
    assert not it.early_due(2_840 * MS)
    assert it.early_due(2_860 * MS)
    it.early_done(said("hello", "there"))
    closed(it, end_ms=3_000, voice_end_ms=2_760)
    assert final(it).text == "hello there"


def test_an_early_answer_to_less_than_the_whole_is_dropped() -> None:
    it = segment()
    asked = it.early_request(silence(1_400), ())
    it.begun(asked)
    it.early_done(said("hel"))
    closed(it, end_ms=3_000, voice_end_ms=2_760)
    assert it.outcome is None


def test_silence_behind_the_last_voice_needs_no_decoding() -> None:
    it = segment()
    asked = it.early_request(silence(2_000), ())
    it.begun(asked)
    it.early_done(said("hello", "there"))
    # Finalized two seconds into the silence: what was decoded ends where the voice has faded.
    closed(it, end_ms=5_000, voice_end_ms=2_760)
    assert final(it).text == "hello there"
    assert final(it).end_ms == 5_000


def test_a_doubtful_early_answer_leads_to_a_second_look() -> None:
    it = segment()
    asked = it.early_request(silence(2_000), ())
    it.begun(asked)
    it.early_done(said("hello", "there", looped=True))
    closed(it)
    assert it.outcome is None
    assert it.final_request(()).again


def test_a_second_look_may_come_before_the_end() -> None:
    it = segment()
    assert not it.early_again()
    asked = it.early_request(silence(2_000), ())
    it.begun(asked)
    it.early_done(said("yellow", "there", average_logprob=-0.6))
    assert it.early_again()
    assert not it.early_due(2_840 * MS)
    asked = it.again_request(Kind.EARLY, ())
    assert (asked.again, asked.doubt, asked.end_sample) == (True, "uncertain", 3_000 * MS)
    it.begun(asked)
    it.early_done(said("hello", "there", average_logprob=-0.3))
    assert not it.early_again()
    closed(it, end_ms=3_000, voice_end_ms=2_760)
    assert final(it).text == "hello there"


def test_a_second_look_under_way_at_the_end_is_waited_for() -> None:
    it = segment()
    asked = it.early_request(silence(2_000), ())
    it.begun(asked)
    it.early_done(said("yellow", "there", average_logprob=-0.6))
    asked = it.again_request(Kind.EARLY, ())
    it.begun(asked)
    closed(it, end_ms=3_000, voice_end_ms=2_760)
    assert not it.undecided
    it.answered(asked, said("hello", "there"))
    assert it.final_done(said("hello", "there"))
    assert final(it).text == "hello there"


def test_speech_after_an_early_answer_makes_its_second_look_pointless() -> None:
    it = segment()
    asked = it.early_request(silence(1_400), ())
    it.begun(asked)
    it.early_done(said("yell", average_logprob=-0.6))
    assert it.early_due(2_760 * MS)
    closed(it, end_ms=3_000, voice_end_ms=2_760)
    asked = it.final_request(())
    assert (asked.again, asked.doubt, asked.end_sample) == (False, "", 2_920 * MS)


# -- echoes of the context ---------------------------------------------------------------------


def echo() -> Segment:
    """A closed segment whose final was nothing but the words of its context."""
    it = closed(segment(prompt="On deck.", hotwords=("Ishmael", "Queequeg")))
    asked = it.final_request(())
    assert (asked.prompt, asked.hotwords) == ("On deck.", ("Ishmael", "Queequeg"))
    assert not it.final_done(said("Ishmael,", "Queequeg"))
    assert it.outcome is None
    asked = it.final_request(())
    assert (asked.prompt, asked.hotwords, asked.again) == ("", (), False)
    return it


def test_words_of_the_context_alone_are_heard_again_without_it_and_kept_if_they_were_said() -> None:
    it = echo()
    assert it.final_done(said("Ishmail", "quick", "wag"))
    assert final(it).text == "Ishmael, Queequeg"


def test_what_was_said_instead_of_an_echo_is_what_stands() -> None:
    it = echo()
    assert it.final_done(said("the", "bell", "tolls"))
    assert final(it).text == "the bell tolls"


@pytest.mark.parametrize(
    "left", [said(), said("thanks", average_logprob=-0.7, no_speech=0.8, hurried=True)]
)
def test_an_echo_over_nothing_is_suppressed_as_one(left: Hypothesis) -> None:
    it = echo()
    assert it.final_done(left)
    assert isinstance(it.outcome, Suppressed)
    assert it.outcome.reason == "prompt_echo"


def test_a_second_hearing_that_goes_astray_gets_a_second_look_still_without_the_context() -> None:
    it = echo()
    assert not it.final_done(said("no", looped=True))
    asked = it.final_request(())
    assert (asked.prompt, asked.hotwords, asked.again) == ("", (), True)


def test_an_early_final_may_be_an_echo_too() -> None:
    it = segment(hotwords=("Ishmael",))
    asked = it.early_request(silence(2_000), ())
    it.begun(asked)
    it.answered(asked, said("Ishmael"))
    it.early_done(said("Ishmael"))
    closed(it)
    assert it.undecided
    assert it.final_request(()).hotwords == ()


def test_a_segment_whose_own_words_are_missing_is_decoded_without_its_lead() -> None:
    it = Segment(4, 1, 3_000 * MS, SessionConfig(), WindowConfig(), lead=2_000 * MS)
    it.close(6_000 * MS, 5_000 * MS, silence(5_000), EndReason.SILENCE)
    assert it.final_request(()).start_sample == 1_000 * MS
    # The model stopped behind what was said before: all its words are the lead's.
    early = dataclasses.replace(said("before"), words=(Word(" before", 0, 1_600, 0.9),))
    assert not it.final_done(early)  # goes on behind it
    assert not it.final_done(dataclasses.replace(early, words=(), text=""))
    again = it.final_request(())
    assert (again.start_sample, again.end_sample) == (3_000 * MS, 5_160 * MS)
    assert it.final_done(said("and", "now", "this"))
    assert final(it).text == "and now this"


def test_an_early_final_that_is_a_sentence_is_shown_where_partials_are_wanted() -> None:
    for wanted in (True, False):
        it = segment(partials=wanted)
        request = it.early_request(silence(1_000), ())
        partial = it.sentence_done(request, said("Oh", "well."))
        told = (partial.committed, partial.tentative) if partial is not None else None
        assert told == (("Oh well.", "") if wanted else None)
        assert it.window.start == (1_940 if wanted else 1_000) * MS


def test_a_second_look_that_began_elsewhere_settles_nothing() -> None:
    it = segment()
    request = dataclasses.replace(it.early_request(silence(1_000), ()), start_sample=900 * MS)
    assert it.sentence_done(request, said("Oh", "well.")) is None
    assert it.window.start == 1_000 * MS


def test_nothing_is_shown_in_a_language_that_nobody_may_speak() -> None:
    it = segment(language=None)
    span = Span(it.start, it.start + 900 * MS, timed=False, cut_off=False)
    request = it.partial_request(silence(900), span, heard=())
    doubtful = dataclasses.replace(said("oh"), language="cy", language_confidence=0.2)
    it.answered(request, doubtful)
    assert it.partial_done(request, doubtful) is None
    heard = dataclasses.replace(said("oh"), language="en", language_confidence=0.9)
    it.answered(request, heard)
    partial = it.partial_done(request, heard)
    assert partial is not None
    assert (partial.language, partial.tentative) == ("en", "oh")
