from __future__ import annotations

import json
from typing import Any

import pytest

from streaming.client import (
    Ack,
    Ended,
    Failed,
    Final,
    Finalized,
    Language,
    Limits,
    MessageError,
    Options,
    Partial,
    Queued,
    SpeechEnded,
    SpeechStarted,
    Started,
    UsageError,
    Warned,
    Word,
)
from streaming.client.protocol import (
    build_configure,
    build_end,
    build_finalize,
    build_keepalive,
    build_start,
    parse_event,
)


def parse(**fields: Any) -> object:
    return parse_event(json.dumps(fields))


def test_start_says_only_what_was_asked_for() -> None:
    assert json.loads(build_start(Options())) == {
        "type": "start",
        "audio": {"encoding": "pcm_s16le", "sample_rate": 16000, "channels": 1},
    }


def test_start_with_every_option() -> None:
    options = Options(
        encoding="mulaw",
        sample_rate=8000,
        channels=2,
        channel_names=("agent", "customer"),
        language="de",
        task="translate",
        partials=False,
        words=False,
        prompt="Grüße",
        hotwords=["Kowloon"],
        endpointing="telephony",
        silence_ms=500,
        sentence_silence_ms=300,
        max_segment_ms=9000,
    )
    assert json.loads(build_start(options)) == {
        "type": "start",
        "audio": {
            "encoding": "mulaw",
            "sample_rate": 8000,
            "channels": 2,
            "channel_names": ["agent", "customer"],
        },
        "language": "de",
        "task": "translate",
        "partials": False,
        "words": False,
        "prompt": "Grüße",
        "hotwords": ["Kowloon"],
        "endpointing": {
            "preset": "telephony",
            "silence_ms": 500,
            "sentence_silence_ms": 300,
            "max_segment_ms": 9000,
        },
    }


def test_start_with_languages_to_detect() -> None:
    assert json.loads(build_start(Options(languages=("de", "en"))))["languages"] == ["de", "en"]


def test_other_messages() -> None:
    assert json.loads(build_finalize("7")) == {"type": "finalize", "id": "7"}
    assert json.loads(build_keepalive()) == {"type": "keepalive"}
    assert json.loads(build_end()) == {"type": "end"}
    assert json.loads(build_configure(languages=("de", "en"))) == {
        "type": "configure",
        "languages": ["de", "en"],
    }
    assert json.loads(build_configure(prompt="", silence_ms=400, endpointing="dictation")) == {
        "type": "configure",
        "prompt": "",
        "endpointing": {"preset": "dictation", "silence_ms": 400},
    }


def test_options_that_cannot_be_a_session_are_refused() -> None:
    with pytest.raises(UsageError, match="channels 0"):
        Options(channels=0)
    with pytest.raises(UsageError, match="sample_rate 0"):
        Options(sample_rate=0)
    with pytest.raises(UsageError, match="2 channel_names for 1"):
        Options(channel_names=("a", "b"))
    with pytest.raises(UsageError, match="configure without"):
        build_configure()
    with pytest.raises(UsageError, match="hotwords"):
        build_configure(hotwords="Kowloon")
    with pytest.raises(UsageError, match="languages"):
        build_start(Options(languages="de"))


def test_started() -> None:
    event = parse(
        type="started",
        session_id="s",
        resume_token="t",
        model="base",
        device="cpu",
        language="auto",
        limits={"max_message_bytes": 10, "something_new": 3},
        something_else=[1],
    )
    assert event == Started("s", "t", "base", "cpu", "auto", Limits(max_message_bytes=10))
    assert parse(type="started", session_id="s") == Started("s")
    two = parse(type="started", session_id="s", model="large-v3", partial_model="large-v3-turbo")
    assert two == Started("s", model="large-v3", partial_model="large-v3-turbo")


def test_partial_and_final() -> None:
    common = {"segment": 3, "channel": 1, "start_ms": 20, "end_ms": 900}
    assert parse(
        type="partial",
        revision=4,
        text="a b",
        committed="a",
        tentative=" b",
        language="en",
        **common,
    ) == Partial(3, 4, 1, 20, 900, "a b", "a", " b", "en")
    assert parse(
        type="final",
        text="a b",
        confidence=0.5,
        language="en",
        language_confidence=1,
        reason="silence",
        words=[{"text": "a", "start_ms": 20, "end_ms": 40.0, "confidence": None}],
        **common,
    ) == Final(3, 1, 20, 900, "a b", 0.5, "en", 1.0, "silence", (Word("a", 20, 40, None),))


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"type": "queued", "position": 1, "eta_ms": 5}, Queued(1, 5)),
        ({"type": "queued", "position": 1}, Queued(1)),
        ({"type": "speech_started", "channel": 1, "at_ms": 5}, SpeechStarted(1, 5)),
        ({"type": "speech_ended", "channel": 0, "at_ms": 9}, SpeechEnded(0, 9)),
        ({"type": "finalized", "id": "7", "through_ms": 9}, Finalized("7", 9)),
        ({"type": "finalized", "id": None, "through_ms": 9}, Finalized("", 9)),
        ({"type": "ack", "received_ms": 9, "decoded_ms": 8}, Ack(9, 8)),
        (
            {"type": "language", "channel": 0, "language": "fr", "confidence": 0.7},
            Language(0, "fr", 0.7),
        ),
        (
            {"type": "warning", "code": "draining", "message": "m", "deadline_ms": 5, "x": {}},
            Warned("draining", "m", (("deadline_ms", 5),)),
        ),
        (
            {"type": "error", "code": "c", "message": "m", "retryable": True},
            Failed("c", "m", True),
        ),
        ({"type": "error", "code": "c", "retry_after_ms": 3}, Failed("c", "", False, 3)),
        ({"type": "ended", "audio_ms": 3, "segments": 1, "words": 2}, Ended(3, 1, 2)),
    ],
)
def test_other_events(fields: dict[str, Any], event: object) -> None:
    assert parse(**fields) == event


def test_an_unknown_type_is_no_event() -> None:
    assert parse(type="hologram", size=3) is None


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ("", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"a":1}', "'type' is missing"),
        ('{"type":5}', "'type' is missing"),
        ('{"type":"ack","received_ms":1}', "ack: field 'decoded_ms' is missing"),
        ('{"type":"ack","received_ms":"1","decoded_ms":1}', "'received_ms' is str"),
        ('{"type":"ack","received_ms":true,"decoded_ms":1}', "'received_ms' is bool"),
        ('{"type":"ack","received_ms":1.5,"decoded_ms":1}', "'received_ms' is float"),
        ('{"type":"error","code":"c","retryable":"no"}', "'retryable' is str"),
        ('{"type":"started","session_id":"s","limits":[]}', "'limits' is list"),
        ('{"type":"language","language":"e","confidence":"x"}', "'confidence' is str"),
        (
            '{"type":"final","segment":0,"start_ms":0,"end_ms":1,"text":"a","words":["a"]}',
            "'words' is list, not a list of objects",
        ),
    ],
)
def test_what_is_not_the_protocol_is_named(frame: str, says: str) -> None:
    with pytest.raises(MessageError, match=says):
        parse_event(frame)
