"""One channel's order of work: finals before partials, one request a segment, nothing twice."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from streaming.channel import Channel
from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice, Word
from streaming.endpointing import Endpointing
from streaming.engine.fake import count_words
from streaming.events import (
    EndReason,
    Event,
    Final,
    LanguageDetected,
    Partial,
    SpeechEnded,
    SpeechStarted,
)
from streaming.options import SessionConfig
from streaming.window import WindowConfig
from tests.support.voices import LOUD, SILENT, LoudnessDetector, frame

MS = 16


class Line:
    """A channel and its driver."""

    def __init__(self, **options: object) -> None:
        plain = SessionConfig(language="en")
        self.config = dataclasses.replace(plain, **options)  # type: ignore[arg-type]
        numbers = itertools.count(7)
        self.channel = Channel(
            2,
            self.config,
            detector=LoudnessDetector(),
            window=WindowConfig(),
            number=lambda: next(numbers),
        )

    def hear(self, amplitude: float, frames: int) -> list[Event]:
        spoken = (self.channel.push(frame(amplitude)) for _ in range(frames))
        return [event for each in spoken for events in each for event in events]

    def offers(self, kind: Kind | None = None) -> list[DecodeRequest]:
        return [r for r in self.channel.work() if kind is None or r.kind is kind]

    def begin(self, kind: Kind) -> DecodeRequest:
        request = self.offers(kind)[0]
        self.channel.begin(request)
        return request

    def answer(self, request: DecodeRequest) -> list[Event]:
        return self.channel.done(request, count_words(request))


def sentence(text: str) -> Hypothesis:
    return Hypothesis(
        text=text, words=(Word(text, 300, 900, 0.9),), language="en", language_confidence=1.0,
        average_logprob=-0.2, token_count=2,
    )  # fmt: skip


def test_a_channel_tells_when_speech_begins_and_ends() -> None:
    it = Line()
    assert it.hear(SILENT, 20) + it.hear(LOUD, 30) == [SpeechStarted(2, 100)]
    assert it.hear(SILENT, 40) == [SpeechEnded(2, 1_000)]
    assert it.channel.received == 90 * 320


def test_asking_changes_nothing_and_beginning_takes_it_off_the_list() -> None:
    it = Line()
    it.hear(LOUD, 50)
    assert it.offers() == it.offers() != []
    it.begin(Kind.PARTIAL)
    assert it.offers() == []


def test_an_offer_copies_no_audio_and_stays_as_it_was_asked() -> None:
    it = Line()
    it.hear(LOUD, 50)
    (one,), (other,) = it.offers(), it.offers()
    assert np.shares_memory(one.audio, other.audio)
    assert not one.audio.flags.writeable
    before = one.audio.copy()
    it.hear(LOUD / 2, 300)
    assert np.array_equal(one.audio, before)


def test_finals_are_offered_before_and_instead_of_partials() -> None:
    it = Line()
    it.hear(LOUD, 50)
    it.hear(SILENT, 40)
    it.hear(LOUD, 50)
    assert [(r.kind, r.segment) for r in it.offers()] == [(Kind.FINAL, 7)]
    it.answer(it.begin(Kind.FINAL))
    assert [(r.kind, r.segment) for r in it.offers()] == [(Kind.PARTIAL, 8)]


def test_a_final_does_not_wait_for_the_partial_on_its_way_which_is_dropped() -> None:
    it = Line()
    it.hear(LOUD, 50)
    partial = it.begin(Kind.PARTIAL)
    it.channel.cut(EndReason.FINALIZE)
    final = it.begin(Kind.FINAL)
    assert it.answer(partial) == []
    assert it.offers() == []
    assert [type(event) for event in it.answer(final)] == [Final]
    assert it.offers() == []


def test_a_partial_may_be_answered_after_the_final() -> None:
    it = Line()
    it.hear(LOUD, 50)
    partial = it.begin(Kind.PARTIAL)
    it.channel.cut(EndReason.FINALIZE)
    assert [type(event) for event in it.answer(it.begin(Kind.FINAL))] == [Final]
    assert it.answer(partial) == []
    assert it.channel.settled


def test_speech_cut_by_a_finalize_is_decoded_with_what_came_before_and_gives_its_own_words() -> (
    None
):
    it = Line()
    it.hear(LOUD, 70)  # 1400 ms: the fourth word of 400 ms is cut in its middle
    it.channel.cut(EndReason.FINALIZE)
    (first,) = [event for event in it.answer(it.begin(Kind.FINAL)) if isinstance(event, Final)]
    it.hear(LOUD, 30)
    it.channel.cut(EndReason.END)
    request = it.begin(Kind.FINAL)
    assert (request.start_sample, request.end_sample) == (0, 2_000 * 16)
    (second,) = [event for event in it.answer(request) if isinstance(event, Final)]
    assert (first.text, second.text) == ("w0 w1 w2", "w3 w4")
    assert second.words is not None
    assert (second.start_ms, second.words[0].start_ms) == (1_400, 1_400)


def test_a_segment_after_a_pause_is_decoded_by_itself() -> None:
    it = Line()
    it.hear(LOUD, 50)
    it.hear(SILENT, 20)
    it.channel.cut(EndReason.FINALIZE)
    it.answer(it.begin(Kind.FINAL))
    it.hear(LOUD, 50)
    it.channel.cut(EndReason.END)
    assert it.begin(Kind.FINAL).start_sample == 1_400 * 16


@pytest.mark.parametrize("pause, led", [(45, True), (110, False)])
def test_what_is_in_doubt_is_heard_again_with_what_was_said_right_before_it(
    pause: int, led: bool
) -> None:
    it = Line(partials=False)
    it.hear(LOUD / 2, 80)
    it.hear(SILENT, pause)
    it.answer(it.begin(Kind.FINAL))
    it.hear(LOUD, 50)
    it.channel.cut(EndReason.END)
    first = it.begin(Kind.FINAL)
    doubtful = dataclasses.replace(sentence("eh"), average_logprob=-0.8)
    assert it.channel.done(first, doubtful) == []
    again = it.begin(Kind.FINAL)
    assert (again.again, again.doubt, again.end_sample) == (True, "uncertain", first.end_sample)
    # The final before it said " w1 w2 w3"; a lead begins 100 ms before its first word.
    assert first.start_sample - again.start_sample == (1_900 * MS if led else 0)
    assert (again.prefix.text if again.prefix else None) == (" w1 w2 w3" if led else None)
    lead = again.audio[: first.start_sample - again.start_sample]
    assert np.array_equal(again.audio[len(lead) :], first.audio)
    assert (np.abs(lead).max(initial=0) > 0) == led


def test_a_failed_partial_is_not_asked_for_again_without_news() -> None:
    it = Line()
    it.hear(LOUD, 50)
    request = it.begin(Kind.PARTIAL)
    assert it.channel.done(request, None) == []
    assert it.offers() == []
    it.hear(LOUD, 25)
    assert it.offers(Kind.PARTIAL)


@pytest.mark.parametrize(
    ("text", "frames"), [("one.", 20), ("one", 35), ("Mr.", 35), ("one...", 35)]
)
def test_less_silence_is_enough_behind_a_sentence(text: str, frames: int) -> None:
    it = Line(partials=False, endpointing=Endpointing(sentence_silence_ms=400))
    it.hear(LOUD, 50)
    it.hear(SILENT, 14)
    early = it.begin(Kind.EARLY)
    assert it.channel.done(early, sentence(text)) == []
    assert it.hear(SILENT, frames - 15) == []
    ended, final = it.hear(SILENT, 1)
    assert ended == SpeechEnded(2, 1_000)
    assert isinstance(final, Final)
    assert (final.text, final.reason) == (text, EndReason.SILENCE)


def test_a_sentence_that_goes_on_after_all_ends_like_any_other() -> None:
    it = Line(partials=False, endpointing=Endpointing(sentence_silence_ms=400))
    it.hear(LOUD, 50)
    it.hear(SILENT, 14)
    early = it.begin(Kind.EARLY)
    it.hear(SILENT, 4)
    it.hear(LOUD, 10)
    it.channel.done(early, sentence("one."))
    assert it.hear(SILENT, 34) == []
    assert SpeechEnded(2, 1_560) in it.hear(SILENT, 1)


def test_in_a_pause_one_decoding_is_partial_and_final() -> None:
    it = Line()
    it.hear(LOUD, 50)
    it.hear(SILENT, 8)
    (early,) = it.offers()
    assert (early.kind, early.shown, early.words) == (Kind.EARLY, True, True)
    assert (early.start_sample, early.end_sample) == (0, 1_160 * MS)
    it.channel.begin(early)
    (partial,) = it.answer(early)
    assert isinstance(partial, Partial)
    assert it.offers() == []
    it.hear(SILENT, 20)
    assert it.offers() == []
    _, final = it.hear(SILENT, 10)
    assert isinstance(final, Final)
    assert final.text == partial.text
    assert it.offers() == []


@pytest.mark.parametrize(("silence_ms", "frames"), [(2_000, 14), (700, 14), (500, 10), (200, 8)])
def test_an_early_final_is_offered_once_a_pause_where_no_partials_are_wanted(
    silence_ms: int, frames: int
) -> None:
    it = Line(partials=False, endpointing=Endpointing(silence_ms))
    it.hear(LOUD, 50)
    it.hear(SILENT, frames - 1)
    assert it.offers() == []
    it.hear(SILENT, 1)
    (early,) = it.offers()
    assert (early.kind, early.shown, early.end_sample) == (Kind.EARLY, False, 1_160 * MS)
    it.channel.begin(early)
    assert it.answer(early) == []
    assert it.offers() == []


def test_the_next_segment_is_shown_while_the_last_one_is_decided() -> None:
    it = Line(endpointing=Endpointing(700, 2_000))
    it.hear(LOUD, 150)
    assert {r.kind for r in it.offers()} == {Kind.FINAL}
    first = it.begin(Kind.FINAL)
    assert [(r.kind, r.segment) for r in it.offers()] == [(Kind.PARTIAL, first.segment + 1)]


def test_the_audio_of_a_request_is_what_was_heard() -> None:
    it = Line()
    noise = np.random.default_rng(5).uniform(-0.9, 0.9, (50, 320)).astype(np.float32)
    for each in noise:
        assert list(it.channel.push(each)) in ([[]], [[SpeechStarted(2, 0)]])
    it.channel.cut(EndReason.END)
    np.testing.assert_array_equal(it.begin(Kind.FINAL).audio, noise.ravel())


def test_a_cut_for_length_goes_on_without_a_word() -> None:
    it = Line(endpointing=Endpointing(700, 2_000))
    events = it.hear(LOUD, 150)
    assert events == [SpeechStarted(2, 0)]
    it.hear(SILENT, 40)
    first, second = it.offers(Kind.FINAL)
    assert first.end_sample == second.start_sample


def test_a_cut_for_length_in_a_pause_ends_the_speech() -> None:
    it = Line(endpointing=Endpointing(5_000, 2_000))
    it.hear(LOUD, 80)
    assert it.hear(SILENT, 100) == [SpeechEnded(2, 1_600)]


def test_decided_follows_the_decoding_and_never_goes_back() -> None:
    it = Line()
    decided = []

    def look() -> None:
        decided.append(it.channel.decided)

    for amplitude, frames in ((SILENT, 30), (LOUD, 40), (SILENT, 40), (LOUD, 3), (SILENT, 60)):
        for _ in range(frames):
            it.hear(amplitude, 1)
            look()
    assert it.channel.decided == 300 * MS
    # Of the silence behind the voice 240 ms belong to the segment, and 160 ms are decoded.
    assert it.channel.waiting == it.offers(Kind.FINAL)[0].end_sample + 80 * MS - 300 * MS
    it.answer(it.begin(Kind.FINAL))
    look()
    assert it.channel.decided == it.channel.received - 300 * MS
    it.channel.cut(EndReason.FINALIZE)
    look()
    assert it.channel.decided == it.channel.received
    assert decided == sorted(decided)


def heard_as(request: DecodeRequest, language: str, confidence: float) -> Hypothesis:
    """The same words, in a language detected so."""
    counted = count_words(request)
    return dataclasses.replace(counted, language=language, language_confidence=confidence)


def test_a_partial_is_shown_and_its_language_told_when_that_is_sure() -> None:
    it = Line(language=None)
    it.hear(LOUD, 60)
    request = it.begin(Kind.PARTIAL)
    assert it.channel.done(request, heard_as(request, "nn", 0.4)) == []
    it.hear(LOUD, 30)
    request = it.begin(Kind.PARTIAL)
    assert request.language == LanguageChoice()
    told, shown = it.channel.done(request, heard_as(request, "de", 0.9))
    assert told == LanguageDetected(2, "de", 0.9)
    assert isinstance(shown, Partial)
    it.hear(LOUD, 30)
    assert it.offers()[0].language == LanguageChoice(fixed="de", confidence=0.9)


def test_text_in_a_doubtful_language_is_shown_when_there_is_enough_of_it() -> None:
    it = Line(language=None)
    it.hear(LOUD, 160)
    request = it.begin(Kind.PARTIAL)
    (shown,) = it.channel.done(request, heard_as(request, "nn", 0.4))
    assert isinstance(shown, Partial)


def test_a_change_of_language_is_told_before_what_is_said_in_it() -> None:
    it = Line(language=None)
    seen: list[Event] = []
    for language in ("de", "de", "en"):
        it.hear(LOUD, 60)
        request = it.begin(Kind.PARTIAL)
        seen += it.channel.done(request, heard_as(request, language, 0.9))
        it.hear(SILENT, 40)
        request = it.begin(Kind.FINAL)
        seen += it.channel.done(request, heard_as(request, language, 0.9))
    assert [event.language for event in seen] == [  # type: ignore[union-attr]
        "de", "de", "de", "de", "de", "en", "en", "en",
    ]  # fmt: skip
    assert [i for i, event in enumerate(seen) if isinstance(event, LanguageDetected)] == [0, 5]


def test_the_languages_heard_before_go_with_the_question() -> None:
    it = Line(language=None, languages=("de", "en", "fr"))
    for language in ("de", "en"):
        it.hear(LOUD, 60)
        it.hear(SILENT, 40)
        request = it.begin(Kind.FINAL)
        it.channel.done(request, heard_as(request, language, 0.9))
    it.hear(LOUD, 40)
    asked = it.offers()[0].language
    assert asked == LanguageChoice(current="en", before=("de",), allowed=("de", "en", "fr"))


def test_a_final_asks_for_the_language_again_and_keeps_what_was_heard() -> None:
    it = Line(language=None)
    for _ in range(2):
        it.hear(LOUD, 60)
        it.hear(SILENT, 40)
        request = it.begin(Kind.FINAL)
        heard = dataclasses.replace(count_words(request), language="de", language_confidence=0.8)
        events = it.channel.done(request, heard)
    assert (request.language.fixed, request.language.current) == (None, "de")
    assert [type(event) for event in events] == [Final]


def test_a_guess_is_no_language_to_keep() -> None:
    it = Line(language=None)
    for language, confidence in (("nn", 0.2), ("de", 0.9)):
        it.hear(LOUD, 60)
        it.hear(SILENT, 40)
        request = it.begin(Kind.FINAL)
        assert request.language.current is None
        heard = dataclasses.replace(
            count_words(request), language=language, language_confidence=confidence
        )
        events = it.channel.done(request, heard)
        told = [event for event in events if isinstance(event, LanguageDetected)]
        assert told == ([LanguageDetected(2, "de", 0.9)] if language == "de" else [])


def test_an_answer_nobody_waits_for_is_dropped() -> None:
    it = Line()
    it.hear(LOUD, 50)
    request = it.begin(Kind.PARTIAL)
    stray = dataclasses.replace(request, segment=99)
    it.channel.begin(stray)
    assert it.answer(stray) == []


@pytest.mark.parametrize(("text", "start_ms"), [("All done.", 1_100), ("All done", 0)])
def test_what_follows_a_sentence_is_heard_without_it(text: str, start_ms: int) -> None:
    it = Line()
    it.hear(LOUD, 50)
    it.hear(SILENT, 8)
    early = it.begin(Kind.EARLY)
    assert early.shown
    (event,) = it.channel.done(early, sentence(text))
    assert isinstance(event, Partial)
    it.hear(SILENT, 2)
    it.hear(LOUD, 30)
    (request,) = it.offers(Kind.PARTIAL)
    assert request.start_sample == start_ms * MS
    assert it.offers(Kind.FINAL) == []
