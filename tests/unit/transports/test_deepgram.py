"""Deepgram's dialect: every message in, every event out. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import pytest

from streaming.decoding import Word
from streaming.errors import (
    BadConfiguration,
    BadMessage,
    IdleTimeout,
    NotAuthorised,
    QuotaExceeded,
    Restarting,
    UnsupportedAudio,
)
from streaming.events import (
    Ended,
    EndReason,
    Final,
    Finalized,
    Partial,
    SpeechEnded,
    SpeechStarted,
    Suppressed,
)
from streaming.media.live import Coding, Form
from streaming.transports.codec import (
    Ack,
    Aside,
    Audio,
    Coded,
    Configure,
    End,
    Finalize,
    KeepAlive,
    Notice,
    Start,
    Started,
)
from streaming.transports.deepgram import DeepgramCodec

RAW = "model=nova-3&encoding=linear16&sample_rate=16000&channels=1"


def codec(extra: str = "", raw: str = RAW) -> DeepgramCodec:
    it = DeepgramCodec("an-id", "2026-11-22T16:00:00.000+00:00")
    assert isinstance(it.opening(parse_qsl(f"{raw}&{extra}")), Start)
    it.write(Started("s", "t", "large-v3", "cuda", "en", {}))
    return it


def said(it: DeepgramCodec, *notices: Notice) -> list[dict[str, Any]]:
    return [json.loads(text) for notice in notices for text in it.write(notice)]


def final(
    text: str = "The train leaves.",
    reason: EndReason = EndReason.SILENCE,
    *,
    at: int = 1_000,
    channel: int = 0,
) -> Final:
    words = tuple(
        Word(f" {word}", at + 100 * n, at + 100 * n + 80, 0.9)
        for n, word in enumerate(text.split())
    )
    return Final(3, channel, at, at + 2_000, text, 0.93, "en", 0.99, reason, words, len(words))


def test_a_final_with_words_times_and_confidences() -> None:
    [result] = said(codec("punctuate=true"), final())
    assert result == {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": 2.0,
        "start": 1.0,
        "is_final": True,
        "speech_final": True,
        "from_finalize": False,
        "channel": {
            "alternatives": [
                {
                    "transcript": "The train leaves.",
                    "confidence": 0.93,
                    "words": [
                        _word("the", "The", 1.0, 1.08),
                        _word("train", "train", 1.1, 1.18),
                        _word("leaves", "leaves.", 1.2, 1.28),
                    ],
                }
            ]
        },
        "metadata": {
            "request_id": "an-id",
            "model_info": result["metadata"]["model_info"],
            "model_uuid": result["metadata"]["model_uuid"],
        },
    }
    assert result["metadata"]["model_info"]["name"] == "large-v3"


def _word(word: str, written: str, start: float, end: float) -> dict[str, Any]:
    return {
        "word": word, "start": start, "end": end, "confidence": 0.9, "punctuated_word": written,
    }  # fmt: skip


def test_without_punctuate_the_text_is_bare() -> None:
    [result] = said(codec(), final("Well, it's 3.5 %."))
    [alternative] = result["channel"]["alternatives"]
    assert alternative["transcript"] == "well it's 3.5"
    assert "punctuated_word" not in alternative["words"][0]


def test_interims_come_where_they_are_asked_for() -> None:
    words = (Word("The", 540, 700, 0.8), Word(" train", confidence=0.6))
    partial = Partial(0, 1, 0, 500, 1_500, "The", " train", "en", words)
    assert said(codec(), partial) == []
    [result] = said(codec("interim_results=true"), partial)
    assert (result["is_final"], result["speech_final"]) == (False, False)
    assert (result["start"], result["duration"]) == (0.5, 1.0)
    [alternative] = result["channel"]["alternatives"]
    assert (alternative["transcript"], alternative["confidence"]) == ("the train", 0.7)
    assert alternative["words"] == [
        {"word": "the", "start": 0.54, "end": 0.7, "confidence": 0.8},
        {"word": "train", "start": 0.7, "end": 1.5, "confidence": 0.6},  # an estimate
    ]


def test_coded_audio_is_handed_on_and_what_becomes_of_it_is_heard() -> None:
    it = codec("interim_results=true&utterance_end_ms=1000", raw="encoding=opus")
    assert it.coding == Coding(Form.OPUS)
    assert it.binary(b"packet") == [Coded(b"packet")]
    said(it, final("Yes."))  # its last word ends at 1.0 s
    assert it.decoded(bytes(64_000)) == [Audio(bytes(64_000))]
    audio, tick = it.decoded(bytes(64_000 * 2))
    assert isinstance(tick, Aside)
    assert audio == Audio(bytes(64_000 * 2))
    assert [message["type"] for message in said(it, tick)] == ["UtteranceEnd"]
    [metadata] = said(it, Ended(3_000, 1, 1))
    assert metadata["sha256"] == hashlib.sha256(b"packet").hexdigest()


def test_languages_that_were_hinted_at_are_told_with_those_that_were_heard() -> None:
    [result] = said(codec("language=multi&language_hint=de-AT&language_hint=en"), final("Ja."))
    [alternative] = result["channel"]["alternatives"]
    assert (alternative["languages"], alternative["languages_hinted"]) == (["en"], ["de", "en"])


@pytest.mark.parametrize(
    ("query", "reason", "expected"),
    [
        ("", EndReason.SILENCE, True),
        ("", EndReason.MAX_LENGTH, False),
        ("", EndReason.END, True),
        ("endpointing=false", EndReason.SILENCE, False),
        ("endpointing=300", EndReason.SILENCE, True),
    ],
)
def test_what_ends_an_utterance(query: str, reason: EndReason, expected: bool) -> None:
    [result] = said(codec(query), final(reason=reason))
    assert result["speech_final"] is expected


def test_a_suppressed_end_of_an_utterance_ends_it_all_the_same() -> None:
    it = codec()
    said(it, final(reason=EndReason.MAX_LENGTH))
    [ending] = said(it, Suppressed(4, 0, 3_000, 3_500, "no_words"))
    assert ending["speech_final"]
    assert ending["channel"]["alternatives"][0]["transcript"] == ""
    assert said(it, Suppressed(5, 0, 4_000, 4_500, "no_words")) == []


# -- Finalize ----------------------------------------------------------------------------------


def finalize(it: DeepgramCodec) -> str:
    [command] = it.text('{"type":"Finalize"}')
    assert isinstance(command, Finalize)
    assert command.id is not None
    return command.id


def test_the_last_final_before_the_answer_is_marked() -> None:
    it = codec()
    request = finalize(it)
    assert said(it, final("One.")) == []  # maybe the last one: that shows at once
    [first] = said(it, final("Two.", EndReason.FINALIZE))
    [second] = said(it, Finalized(request, 3_000))
    assert [r["from_finalize"] for r in (first, second)] == [False, True]
    assert second["speech_final"]
    assert second["channel"]["alternatives"][0]["transcript"] == "two"


def test_where_nothing_was_pending_the_answer_is_empty() -> None:
    it = codec()
    [result] = said(it, Finalized(finalize(it), 3_000))
    assert (result["from_finalize"], result["is_final"]) == (True, True)
    assert (result["start"], result["duration"]) == (3.0, 0.0)
    assert result["channel"]["alternatives"][0] == {
        "transcript": "",
        "confidence": 0.0,
        "words": [],
    }


def test_every_channel_gets_its_answer() -> None:
    it = codec("channels=2&multichannel=true")
    request = finalize(it)
    said(it, final("One.", EndReason.FINALIZE, channel=1))
    results = said(it, Finalized(request, 3_000))
    assert [result["channel_index"] for result in results] == [[0, 2], [1, 2]]
    assert [r["channel"]["alternatives"][0]["transcript"] for r in results] == ["", "one"]


def test_interims_do_not_overtake_what_is_held_back() -> None:
    it = codec("interim_results=true")
    request = finalize(it)
    said(it, final("One.", EndReason.FINALIZE))
    assert said(it, Partial(4, 1, 0, 3_000, 3_500, "Two", "", "en")) == []
    assert len(said(it, Finalized(request, 3_000))) == 1
    assert len(said(it, Partial(4, 2, 0, 3_000, 3_900, "Two", "", "en"))) == 1


def test_what_is_held_back_is_not_lost_where_the_answer_does_not_come() -> None:
    it = codec()
    finalize(it)
    said(it, final("One."))
    told = [json.loads(text) for text in it.error(Restarting("reconnect"))]
    assert [message["type"] for message in told] == ["Results", "Error"]
    it = codec()
    finalize(it)
    said(it, final("One."))
    assert [m["type"] for m in said(it, Ended(4_000, 1, 1))] == ["Results", "Metadata"]


def test_a_finalize_nobody_asked_for_is_not_told() -> None:
    assert said(codec(), Finalized(None, 3_000)) == []


# -- speech and utterances ---------------------------------------------------------------------


def test_speech_started_where_it_is_asked_for() -> None:
    assert said(codec(), SpeechStarted(0, 400)) == []
    [event] = said(codec("vad_events=true"), SpeechStarted(0, 400))
    assert event == {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.4}


def _heard(it: DeepgramCodec, ms: int) -> list[dict[str, Any]]:
    """Send silence up to a moment; return what comes of it."""
    sent = it._bytes
    commands = it.binary(bytes(ms * 32 - sent))
    assert isinstance(commands[0], Audio)
    return said(it, *(c for c in commands if isinstance(c, Aside)))


UTTERANCES = "interim_results=true&utterance_end_ms=1000"


def test_an_utterance_is_over_when_no_word_came_for_so_long() -> None:
    it = codec(UTTERANCES)
    said(it, SpeechStarted(0, 900), SpeechEnded(0, 1_280), final())  # its last word ends at 1.28 s
    assert _heard(it, 2_200) == []
    [event] = _heard(it, 2_300)
    assert event == {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 1.28}
    assert _heard(it, 9_000) == []


def test_while_somebody_speaks_or_a_final_is_awaited_no_utterance_is_over() -> None:
    it = codec(UTTERANCES)
    said(it, SpeechStarted(0, 900), SpeechEnded(0, 1_280), final(), SpeechStarted(0, 1_800))
    assert _heard(it, 5_000) == []
    said(it, SpeechEnded(0, 4_000))
    assert _heard(it, 6_000) == []
    [result] = said(it, final(at=3_800))
    assert result["type"] == "Results"
    [event] = _heard(it, 6_100)
    assert event["last_word_end"] == 4.08


# -- what clients send -------------------------------------------------------------------------


def test_what_a_client_says() -> None:
    it = codec()
    assert it.text('{"type":"KeepAlive"}') == [KeepAlive()]
    assert it.text('{"type":"CloseStream"}') == [End()]
    assert it.text('{"type":"Finalize","channel":0}') == [Finalize("1")]
    assert it.binary(b"ab") == [Audio(b"ab")]
    assert it.binary(b"") == [End()]


@pytest.mark.parametrize(
    "message", ["no", "[]", "{}", '{"type":7}', '{"type":"Configure","keyterm":["a"]}']
)
def test_what_can_not_be_read_is_said_and_the_stream_goes_on(message: str) -> None:
    it = codec()
    [command] = it.text(message)
    assert isinstance(command, Aside)
    [error] = said(it, command)
    assert (error["type"], error["variant"]) == ("Error", "SchemaError")
    assert error["message"] == message


def test_configure_changes_keyterms_and_what_it_can_not_have_is_said() -> None:
    it = codec()
    changes, done = it.text('{"type":"Configure","keyterms":["Erfurt"]}')
    assert changes == Configure({"hotwords": ["Erfurt"]})
    assert isinstance(done, Aside)
    success = {"type": "ConfigureSuccess", "request_id": "an-id"}
    assert said(it, done) == [{**success, "keyterms": ["Erfurt"]}]
    [done] = it.text('{"type":"Configure","features":{"numerals":true}}')
    assert isinstance(done, Aside)
    assert said(it, done) == [success]
    [command] = it.text('{"type":"Configure","features":{"diarize":true}}')
    assert isinstance(command, Aside)
    [failure] = said(it, command)
    assert (failure["type"], failure["request_id"]) == ("ConfigureFailure", "an-id")
    assert failure["code"] == "CONFIGURE_FEATURE_NOT_SUPPORTED"
    assert "diarize" in failure["description"]
    refusal = BadConfiguration("hotwords: 101 are more than 100", field="hotwords")
    pardon = it.forgive(Configure({}), refusal)
    assert pardon is not None
    assert pardon.what["code"] == "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
    assert pardon.what["description"] == "keyterm: 101 are more than 100"
    assert it.forgive(Audio(b""), refusal) is None


def test_metadata_ends_a_stream_with_a_digest_of_what_was_sent() -> None:
    it = codec()
    it.binary(b"some")
    it.binary(b"thing!")
    assert said(it, Ended(7_300, 2, 9)) == [
        {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": "an-id",
            "sha256": hashlib.sha256(b"something!").hexdigest(),
            "created": "2026-11-22T16:00:00.000+00:00",
            "duration": 7.3,
            "channels": 1,
        }
    ]


def test_what_deepgram_has_no_words_for_is_not_said() -> None:
    assert said(codec(), Ack(1, 1)) == []


@pytest.mark.parametrize("scheme", ["token", "bearer"])
def test_a_page_brings_its_key_as_a_subprotocol(scheme: str) -> None:
    it = DeepgramCodec()
    assert it.secret([scheme, "a-key"]) == "a-key"
    assert it.subprotocol == scheme


@pytest.mark.parametrize("offered", [[], ["token"], ["wirescribe.v1", "token.x"], ["a", "b", "c"]])
def test_other_subprotocols_hold_no_key(offered: Sequence[str]) -> None:
    assert DeepgramCodec().secret(offered) is None


def test_silence_is_answered_by_the_close_frame_alone() -> None:
    error = IdleTimeout("nothing arrived for 10000 ms")
    assert codec().error(error) == []
    assert codec().close(error) == (1011, "NET-0001")
    assert codec().idle_ms == 10_000


def test_close_codes() -> None:
    it = codec()
    assert it.close(BadMessage("audio: is not finite")) == (1008, "DATA-0000")
    assert it.close(QuotaExceeded("too fast")) == (1011, "quota_exceeded")
    assert it.close(BadConfiguration("no")) == (1008, "bad_configuration")
    assert it.close(Restarting("now")) == (1012, "restarting")


def test_refusals_of_the_upgrade() -> None:
    it = codec()
    rate = UnsupportedAudio("audio.sample_rate: 7 is not between", field="audio.sample_rate")
    denial = it.denial(rate)
    assert denial.status == 400
    assert denial.body == {
        "err_code": "UNSUPPORTED_AUDIO",
        "err_msg": "sample_rate: 7 is not between",
        "request_id": "an-id",
    }
    assert denial.headers["dg-error"] == "sample_rate: 7 is not between"
    assert it.denial(NotAuthorised("token: no")).body["err_code"] == "INVALID_AUTH"
    assert it.denial(NotAuthorised("token: no")).status == 401
