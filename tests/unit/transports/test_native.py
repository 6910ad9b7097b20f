"""The native dialect's codec: every message in, every event out. Pure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streaming.decoding import Word
from streaming.errors import BadConfiguration, BadMessage, Overloaded
from streaming.events import (
    Ended,
    EndReason,
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
from streaming.transports.codec import (
    Ack,
    Audio,
    Command,
    Configure,
    End,
    Finalize,
    KeepAlive,
    Notice,
    Queued,
    Resume,
    Start,
    Started,
)
from streaming.transports.native import NativeCodec, error_fields
from tests.protocol.schema import REQUIRED, check

LIMITS = {
    "max_session_ms": 1_000,
    "max_idle_ms": 2_000,
    "max_message_bytes": 3_000,
    "max_backlog_ms": 4_000,
}
WORDS = (Word(" Grüß", 10, 400, 0.8), Word(" Gott.", 400, 900, 0.6))


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"type": "configure", "prompt": "x"}, Configure({"type": "configure", "prompt": "x"})),
        ({"type": "start", "language": "en"}, Start({"type": "start", "language": "en"})),
        ({"type": "finalize"}, Finalize(None)),
        ({"type": "finalize", "id": None}, Finalize(None)),
        ({"type": "finalize", "id": "7"}, Finalize("7")),
        ({"type": "finalize", "id": 7}, Finalize("7")),
        ({"type": "finalize", "id": ""}, Finalize("")),
        ({"type": "finalize", "id": "x" * 128}, Finalize("x" * 128)),
        ({"type": "keepalive"}, KeepAlive()),
        ({"type": "end", "unknown": [1]}, End()),
    ],
)
def test_messages_are_commands(message: dict[str, Any], command: Command) -> None:
    assert NativeCodec().text(json.dumps(message)) == [command]


def test_binary_is_audio_as_it_is() -> None:
    assert NativeCodec().binary(b"\1\2\3") == [Audio(b"\1\2\3")]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        '"end"',
        "{}",
        '{"type":"End"}',
        '{"type":null}',
        '{"type":["end"]}',
        '{"type":"finalize","id":1.5}',
        '{"type":"finalize","id":false}',
        '{"type":"finalize","id":{}}',
        '{"type":"finalize","id":"\\ud800"}',
        '{"type":"finalize","id":"a\\u0000"}',
        "[" * 10_000,
        "1" * 5_000,
    ],
)
def test_what_is_no_message_is_refused_by_field_and_value(message: str) -> None:
    with pytest.raises(BadMessage) as caught:
        NativeCodec().text(message)
    assert caught.value.field in ("message", "type", "id")
    assert caught.value.message.startswith(f"{caught.value.field}: ")
    assert len(caught.value.message) < 200
    caught.value.message.encode()


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ([], None),
        ([("token", "x"), ("resume", "1")], None),
        ([("language", "en")], {"language": "en"}),
        ([("encoding", "mulaw")], {"audio": {"encoding": "mulaw"}}),
        ([("audio.encoding", "mulaw")], {"audio": {"encoding": "mulaw"}}),
        ([("sample_rate", "8000")], {"audio": {"sample_rate": 8_000}}),
        ([("sample_rate", "fast")], {"audio": {"sample_rate": "fast"}}),
        ([("sample_rate", "²")], {"audio": {"sample_rate": "²"}}),
        ([("channels", "-1")], {"audio": {"channels": -1}}),
        ([("channel_names", "a,b")], {"audio": {"channel_names": ["a", "b"]}}),
        ([("endpointing.silence_ms", "300")], {"endpointing": {"silence_ms": "300"}}),
        ([("endpointing", "300")], None),
        ([("limits.max_idle_ms", "1")], None),
        ([("partials", "false"), ("hotwords", "a,b")], {"partials": "false", "hotwords": "a,b"}),
        ([("language", "en"), ("language", "de")], {"language": "de"}),
    ],
)
def test_queries_are_starts(query: list[tuple[str, str]], options: dict[str, Any] | None) -> None:
    opening = NativeCodec().opening(query)
    assert opening == (None if options is None else Start(options))


NOTICES: list[tuple[Notice, dict[str, Any]]] = [
    (
        Started("s", "t", "base", "cpu", "auto", LIMITS),
        {
            "type": "started",
            "session_id": "s",
            "resume_token": "t",
            "model": "base",
            "device": "cpu",
            "language": "auto",
            "limits": LIMITS,
        },
    ),
    (
        Started("s", "t", "large-v3", "cuda:0", "auto", LIMITS, partial_model="large-v3-turbo"),
        {
            "type": "started",
            "session_id": "s",
            "resume_token": "t",
            "model": "large-v3",
            "partial_model": "large-v3-turbo",
            "device": "cuda:0",
            "language": "auto",
            "limits": LIMITS,
        },
    ),
    (Queued(3, 4_000), {"type": "queued", "position": 3, "eta_ms": 4_000}),
    (Ack(1_000, 900), {"type": "ack", "received_ms": 1_000, "decoded_ms": 900}),
    (SpeechStarted(1, 20), {"type": "speech_started", "channel": 1, "at_ms": 20}),
    (SpeechEnded(0, 2_000), {"type": "speech_ended", "channel": 0, "at_ms": 2_000}),
    (
        Partial(3, 2, 0, 10, 900, "Grüß", " Gott", "de"),
        {
            "type": "partial",
            "segment": 3,
            "revision": 2,
            "channel": 0,
            "start_ms": 10,
            "end_ms": 900,
            "text": "Grüß Gott",
            "committed": "Grüß",
            "tentative": " Gott",
            "language": "de",
        },
    ),
    (
        Final(3, 0, 10, 900, "Grüß Gott.", 0.7, "de", 0.9, EndReason.SILENCE, WORDS, 2),
        {
            "type": "final",
            "segment": 3,
            "channel": 0,
            "start_ms": 10,
            "end_ms": 900,
            "text": "Grüß Gott.",
            "confidence": 0.7,
            "language": "de",
            "language_confidence": 0.9,
            "reason": "silence",
            "words": [
                {"text": "Grüß", "start_ms": 10, "end_ms": 400, "confidence": 0.8},
                {"text": "Gott.", "start_ms": 400, "end_ms": 900, "confidence": 0.6},
            ],
        },
    ),
    (
        Suppressed(4, 1, 0, 500, "no_words"),
        {
            "type": "warning",
            "code": "suppressed",
            "message": "a segment was judged not to be speech",
            "segment": 4,
            "channel": 1,
            "start_ms": 0,
            "end_ms": 500,
            "reason": "no_words",
        },
    ),
    (
        LanguageDetected(0, "de", 0.9),
        {"type": "language", "channel": 0, "language": "de", "confidence": 0.9},
    ),
    (Finalized("7", 900), {"type": "finalized", "id": "7", "through_ms": 900}),
    (Finalized("", 900), {"type": "finalized", "id": "", "through_ms": 900}),
    (Finalized(None, 900), {"type": "finalized", "through_ms": 900}),
    (
        Warned(WarningCode.DRAINING, "m", (("deadline_ms", 5),)),
        {"type": "warning", "code": "draining", "message": "m", "deadline_ms": 5},
    ),
    (Ended(900, 1, 2), {"type": "ended", "audio_ms": 900, "segments": 1, "words": 2}),
]


@pytest.mark.parametrize(("notice", "written"), NOTICES)
def test_events_are_written_field_by_field(notice: Notice, written: dict[str, Any]) -> None:
    (message,) = NativeCodec().write(notice)
    assert check(json.loads(message)) == written


def test_every_type_of_event_is_tried_here() -> None:
    assert {written["type"] for _, written in NOTICES} == REQUIRED.keys() - {"error"}


def test_a_final_without_words_has_no_such_field() -> None:
    final = Final(0, 0, 0, 9, "a", 0.5, "en", 1.0, EndReason.END)
    assert "words" not in json.loads(NativeCodec().write(final)[0])


def test_text_is_written_as_it_is_read_not_escaped() -> None:
    assert "Grüß" in NativeCodec().write(Partial(0, 1, 0, 0, 9, "Grüß", "", "de"))[0]


def test_errors_say_what_where_and_whether_to_try_again() -> None:
    (message,) = NativeCodec().error(BadConfiguration("language: 'x' …", field="language"))
    assert check(json.loads(message)) == {
        "type": "error",
        "code": "bad_configuration",
        "message": "language: 'x' …",
        "retryable": False,
        "field": "language",
    }
    fields = error_fields(Overloaded("full", retry_after_ms=5_000))
    assert fields == {
        "code": "overloaded",
        "message": "full",
        "retryable": True,
        "retry_after_ms": 5_000,
    }


def test_what_lasts_is_numbered() -> None:
    (message,) = NativeCodec().write(SpeechStarted(0, 20), 7)
    assert json.loads(message) == {"type": "speech_started", "seq": 7, "channel": 0, "at_ms": 20}


def test_a_resumed_session_says_from_where() -> None:
    (message,) = NativeCodec().write(
        Started("s", "t", "base", "cpu", "auto", LIMITS, resumed_from_ms=1_230)
    )
    assert json.loads(message)["resumed_from_ms"] == 1_230


def test_a_start_may_take_up_a_session() -> None:
    asked = {"session_id": "s", "token": "secret"}
    for fields, received in ((asked, None), ({**asked, "received": 17}, 17)):
        (command,) = NativeCodec().text(json.dumps({"type": "start", "resume": fields}))
        assert isinstance(command, Start)
        assert command.resume == Resume("s", "secret", received)
        assert "secret" not in repr(command.resume)


@pytest.mark.parametrize(
    ("resume", "field"),
    [
        ("secret", "resume"),
        ({"token": "secret"}, "resume.session_id"),
        ({"session_id": "s"}, "resume.token"),
        ({"session_id": "s", "token": ""}, "resume.token"),
        ({"session_id": "s", "token": "secret" * 99}, "resume.token"),
        ({"session_id": 7, "token": "secret"}, "resume.session_id"),
        ({"session_id": "s", "token": "secret", "received": -1}, "resume.received"),
        ({"session_id": "s", "token": "secret", "received": True}, "resume.received"),
        ({"session_id": "s", "token": "secret", "received": "7"}, "resume.received"),
    ],
)
def test_what_can_not_be_taken_up_is_refused_without_the_token(resume: object, field: str) -> None:
    with pytest.raises(BadMessage) as refused:
        NativeCodec().text(json.dumps({"type": "start", "resume": resume}))
    assert refused.value.field == field
    assert "secret" not in refused.value.message
