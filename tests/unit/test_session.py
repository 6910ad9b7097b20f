"""One client's stream, told as a story: what is said when, and what is owed."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.endpointing import Endpointing
from streaming.engine.fake import count_words
from streaming.errors import BadMessage, QuotaExceeded
from streaming.events import (
    Ended,
    EndReason,
    Event,
    Final,
    Finalized,
    LanguageDetected,
    Partial,
    SpeechEnded,
    SpeechStarted,
    Suppressed,
    Warned,
    WarningCode,
)
from streaming.options import SessionConfig
from streaming.session import Phase, Session
from tests.support.voices import LOUD, SILENT, LoudnessDetector, frames, pcm

T = TypeVar("T")


def session(**options: object) -> Session:
    config = SessionConfig(language="en")
    return Session(
        dataclasses.replace(config, **options),  # type: ignore[arg-type]
        detector=LoudnessDetector,
    )


def speak(it: Session, *amplitudes: float) -> list[Event]:
    return it.receive_audio(pcm(frames(amplitudes)))


def utter(it: Session, frame_count: int = 50, silence: int = 40) -> list[Event]:
    return speak(it, *[LOUD] * frame_count, *[SILENT] * silence)


def take(it: Session, kind: Kind = Kind.FINAL) -> DecodeRequest:
    request = next(request for request in it.work() if request.kind is kind)
    it.begin(request)
    return request


def decode(it: Session, kind: Kind = Kind.FINAL) -> list[Event]:
    request = take(it, kind)
    return it.work_done(request, count_words(request))


def of(kind: type[T], events: list[Event]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def test_an_utterance_from_its_first_sound_to_its_final() -> None:
    it = session()
    assert speak(it, *[SILENT] * 50) == []
    assert speak(it, *[LOUD] * 50) == [SpeechStarted(0, 700)]
    partial = of(Partial, decode(it, Kind.PARTIAL))[0]
    assert (partial.segment, partial.revision, partial.start_ms, partial.end_ms) == (
        0, 1, 700, 2_000,
    )  # fmt: skip
    assert speak(it, *[SILENT] * 40) == [SpeechEnded(0, 2_000)]
    (final,) = decode(it)
    assert isinstance(final, Final)
    assert final.reason is EndReason.SILENCE
    assert (final.start_ms, final.end_ms) == (700, 2_240)
    assert final.text == "w2 w3 w4"
    assert [(w.text, w.start_ms, w.end_ms) for w in final.words or ()] == [
        (" w2", 800, 1_200), (" w3", 1_200, 1_600), (" w4", 1_600, 2_000),
    ]  # fmt: skip
    assert it.end() == [Ended(audio_ms=2_800, segments=1, words=3)]


def test_partials_commit_what_two_of_them_agree_on() -> None:
    it = session()
    speak(it, *[LOUD] * 45)
    decode(it, Kind.PARTIAL)
    speak(it, *[LOUD] * 40)
    (partial,) = decode(it, Kind.PARTIAL)
    assert isinstance(partial, Partial)
    assert (partial.revision, partial.committed, partial.tentative) == (2, "w0 w1", " w2 w3")


def test_no_partials_where_none_are_wanted_and_no_words_either() -> None:
    it = session(partials=False, words=False)
    speak(it, *[LOUD] * 100)
    assert list(it.work()) == []
    speak(it, *[SILENT] * 40)
    (final,) = decode(it)
    assert isinstance(final, Final)
    assert final.words is None
    assert final.word_count == 5


def test_a_final_decoded_early_is_out_with_the_silence_that_proves_it_right() -> None:
    it = session()
    speak(it, *[LOUD] * 50, *[SILENT] * 9)
    (partial,) = decode(it, Kind.EARLY)
    assert isinstance(partial, Partial)
    speak(it, *[SILENT] * 6)
    ended, final = speak(it, *[SILENT] * 30)
    assert ended == SpeechEnded(0, 1_000)
    assert isinstance(final, Final)
    assert final.text == partial.committed + partial.tentative == "w0 w1"
    assert list(it.work()) == []
    assert it.end() == [Ended(1_900, 1, 2)]


def test_a_final_decoded_early_is_of_no_use_when_more_is_said() -> None:
    it = session(partials=False)
    speak(it, *[LOUD] * 50, *[SILENT] * 15)
    early = take(it, Kind.EARLY)
    speak(it, *[LOUD] * 30)
    assert it.work_done(early, count_words(early)) == []
    assert of(Final, speak(it, *[SILENT] * 40)) == []
    (final,) = decode(it)
    assert isinstance(final, Final)
    assert "w3" in final.text


def test_an_early_answer_that_comes_late_is_the_final() -> None:
    it = session(partials=False)
    speak(it, *[LOUD] * 50, *[SILENT] * 15)
    early = take(it, Kind.EARLY)
    assert speak(it, *[SILENT] * 30) == [SpeechEnded(0, 1_000)]
    assert list(it.work()) == []  # what is on its way is not asked for again
    (final,) = it.work_done(early, count_words(early))
    assert isinstance(final, Final)


def test_finals_come_in_order_whichever_is_decoded_first() -> None:
    it = session(endpointing=Endpointing(200, 20_000))
    utter(it)
    utter(it)
    first, second = (request for request in it.work() if request.kind is Kind.FINAL)
    it.begin(first)
    it.begin(second)
    assert it.work_done(second, count_words(second)) == []
    finals = of(Final, it.work_done(first, count_words(first)))
    assert [final.segment for final in finals] == [0, 1]


def test_finalize_is_answered_behind_the_finals_of_all_before_it() -> None:
    it = session()
    speak(it, *[LOUD] * 50)
    events = it.finalize("a")
    assert events == [SpeechEnded(0, 1_000)]
    speak(it, *[LOUD] * 60)
    assert it.finalize("b") == [SpeechEnded(0, 2_200)]
    requests = list(it.work())
    assert [request.end_sample for request in requests] == [16_000, 35_200]
    for request in requests:
        it.begin(request)
    assert it.work_done(requests[1], count_words(requests[1])) == []
    events = it.work_done(requests[0], count_words(requests[0]))
    assert [type(event) for event in events] == [Final, Final, Finalized, Finalized]
    assert [(f.id, f.through_ms) for f in of(Finalized, events)] == [("a", 1_000), ("b", 2_200)]
    assert all(final.reason is EndReason.FINALIZE for final in of(Final, events))


def test_finalize_with_nothing_owed_is_answered_at_once() -> None:
    it = session()
    assert it.finalize() == [Finalized(None, 0)]
    speak(it, *[SILENT] * 10)
    assert it.finalize("x") == [Finalized("x", 200)]


def test_finalizes_do_not_pile_up_without_end() -> None:
    it = session()
    speak(it, *[LOUD] * 50)
    for number in range(250):
        it.finalize(str(number))
    with pytest.raises(QuotaExceeded, match="250 requests wait"):
        it.finalize("one more")
    speak(it, *[SILENT] * 10)
    for _ in range(50):
        it.finalize()
    answers = of(Finalized, decode(it))
    assert [answer.id for answer in answers] == [*map(str, range(250)), None]
    assert answers[-1].through_ms == 1_200


def test_the_part_of_a_frame_before_a_finalize_is_decoded_too() -> None:
    it = session()
    it.receive_audio(pcm(frames([LOUD] * 50)[:-100]))
    it.finalize()
    assert take(it).end_sample == 16_000 - 100


def test_end_decodes_the_rest_and_then_takes_nothing_any_more() -> None:
    it = session()
    speak(it, *[LOUD] * 50)
    assert it.end() == [SpeechEnded(0, 1_000)]
    phases = [it.phase]
    assert speak(it, LOUD) == it.end() == it.finalize() == []
    final, ended = decode(it)
    assert isinstance(final, Final)
    assert final.reason is EndReason.END
    assert ended == Ended(1_000, 1, 2)
    assert [*phases, it.phase] == [Phase.ENDING, Phase.ENDED]


def test_what_is_not_speech_is_suppressed_and_still_settles() -> None:
    it = session()
    utter(it)
    request = take(it)
    noise = dataclasses.replace(
        count_words(request), average_logprob=-0.95, no_speech=0.9, token_count=3
    )
    assert it.work_done(request, noise) == []
    again = take(it)
    assert again.doubt == "uncertain"
    assert it.work_done(again, noise) == [Suppressed(0, 0, 0, 1_240, "no_speech")]
    assert it.settled
    assert it.end() == [Ended(1_800, 1, 0)]


def test_a_loop_is_asked_for_again_over_a_full_window_and_then_cut() -> None:
    it = session()
    utter(it, 100)
    request = take(it)
    heard = count_words(request)
    loop = dataclasses.replace(
        heard, words=heard.words[:1] * 30, text=" ".join(["w0"] * 30), looped=True
    )
    assert it.work_done(request, loop) == []
    assert not it.settled
    again = take(it)
    assert (request.again, again.again) == (False, True)
    assert it.work_done(again, loop) == []
    rest = take(it)  # behind the one word that is left of the loop
    assert (rest.again, rest.doubt, rest.start_sample) == (False, "unheard", 300 * 16)
    (final,) = it.work_done(rest, count_words(rest))
    assert isinstance(final, Final)
    assert final.text == "w0 w1 w2 w3 w4"


def test_a_failed_attempt_is_offered_again() -> None:
    it = session()
    utter(it)
    assert it.work_done(take(it), None) == []
    assert of(Final, decode(it))


def test_every_channel_has_segments_of_its_own() -> None:
    it = session(audio=AudioFormat(channels=2))
    both = np.stack([frames([LOUD] * 50 + [SILENT] * 50), frames([SILENT] * 50 + [LOUD] * 50)])
    events = it.receive_audio(np.rint(both.T * 32_767).astype("<i2").tobytes())
    assert events == [SpeechStarted(0, 0), SpeechStarted(1, 700), SpeechEnded(0, 1_000)]
    events += it.finalize()
    finals = of(Final, [*decode(it), *decode(it)])
    assert [(final.channel, final.segment) for final in finals] == [(0, 0), (1, 1)]
    assert it.decoded_ms == 2_000


def test_a_language_is_told_when_it_is_heard_and_when_it_changes() -> None:
    it = session(language=None)
    spoken: list[Event] = []
    for language in ("de", "de", "en"):
        utter(it)
        request = take(it)
        heard = dataclasses.replace(
            count_words(request), language=language, language_confidence=0.8
        )
        spoken += it.work_done(request, heard)
    assert of(LanguageDetected, spoken) == [
        LanguageDetected(0, "de", 0.8), LanguageDetected(0, "en", 0.8),
    ]  # fmt: skip


def test_a_partial_of_less_than_a_second_does_not_guess_the_language() -> None:
    it = session(language=None)
    speak(it, *[LOUD] * 45)
    assert list(it.work()) == []
    speak(it, *[LOUD] * 10)
    assert take(it, Kind.PARTIAL).language.fixed is None


def test_configure_holds_from_the_next_segment_on() -> None:
    it = session(prompt="before")
    speak(it, *[LOUD] * 50)
    it.configure(dataclasses.replace(it.config, prompt="after", language="de"))
    speak(it, *[SILENT] * 40)
    assert take(it).prompt == "before"
    utter(it)
    later = [request for request in it.work() if request.segment == 1]
    assert (later[0].prompt, later[0].language.fixed) == ("after", "de")


@pytest.mark.parametrize("encoding", [Encoding.PCM_S16LE, Encoding.ALAW])
def test_a_muted_device_is_told_once(encoding: Encoding) -> None:
    it = session(audio=AudioFormat(encoding))
    silence = b"\x00\x00" * 16_000 if encoding is Encoding.PCM_S16LE else b"\xd5" * 16_000
    warned = [of(Warned, it.receive_audio(silence)) for _ in range(30)]
    assert [bool(each) for each in warned].index(True) == 9
    assert sum(len(each) for each in warned) == 1
    assert warned[9][0].code is WarningCode.NO_AUDIO


def test_floats_at_the_wrong_scale_are_told_once_however_they_are_cut() -> None:
    it = session(audio=AudioFormat(Encoding.PCM_F32LE))
    fine, loud = np.full(1, 0.5, "<f4").tobytes(), np.full(1, 9_000, "<f4").tobytes()
    assert not of(Warned, it.receive_audio(fine * 8_000))
    assert not of(Warned, [e for _ in range(160) for e in it.receive_audio(loud)])
    warned = of(Warned, [e for _ in range(800) for e in it.receive_audio(loud)])
    assert [warning.code for warning in warned] == [WarningCode.CLIPPING]


def test_a_float_that_is_no_number_is_refused_and_nothing_changes() -> None:
    it = session(audio=AudioFormat(Encoding.PCM_F32LE))
    with pytest.raises(BadMessage, match="audio"):
        it.receive_audio(np.array([0.1, np.nan], "<f4").tobytes())
    assert it.received_ms == 0
    it.receive_audio(np.zeros(16, "<f4").tobytes())
    assert it.received_ms == 1


def test_backlog_and_lag_are_what_waits() -> None:
    it = session()
    speak(it, *[LOUD] * 100)
    assert (it.backlog_ms, it.unheard_ms, it.decoded_ms) == (0, 2_000, 0)
    take(it, Kind.PARTIAL)
    assert it.unheard_ms == 0
    it.finalize()
    assert it.backlog_ms == 2_000


def test_no_answer_is_taken_for_a_segment_that_is_over() -> None:
    it = session()
    utter(it)
    request = take(it)
    it.work_done(request, count_words(request))
    assert it.work_done(request, Hypothesis("again", (), "en", 1.0)) == []
