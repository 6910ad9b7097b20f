"""The schema itself: what it takes, and that it can refuse."""

from __future__ import annotations

from typing import Any

import pytest

from streaming import errors
from streaming.errors import WirescribeError
from streaming.events import WarningCode
from tests.protocol.schema import CLOSE_CODES, WARNING_DETAIL, Transcript, check

STARTED: dict[str, Any] = {
    "type": "started",
    "session_id": "s",
    "resume_token": "t",
    "model": "m",
    "device": "cpu",
    "language": "en",
    "limits": {
        "max_session_ms": 1,
        "max_idle_ms": 1,
        "max_message_bytes": 1,
        "max_backlog_ms": 1,
        "max_bytes_per_s": 1,
    },
}
PARTIAL: dict[str, Any] = {
    "type": "partial",
    "segment": 0,
    "revision": 1,
    "channel": 0,
    "start_ms": 0,
    "end_ms": 9,
    "text": "a b",
    "committed": "a",
    "tentative": " b",
    "language": "en",
}
FINAL: dict[str, Any] = {
    "type": "final",
    "segment": 0,
    "channel": 0,
    "start_ms": 0,
    "end_ms": 9,
    "text": "a",
    "confidence": 0.5,
    "language": "en",
    "language_confidence": 1,
    "reason": "end",
    "words": [{"text": "a", "start_ms": 0, "end_ms": 9, "confidence": 0.5}],
}


def test_what_is_right_is_returned() -> None:
    for event in (STARTED, PARTIAL, FINAL):
        assert check(event) is event


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (STARTED, {"type": "begun"}),
        (STARTED, {"session_id": ""}),
        (STARTED, {"limits": {"max_session_ms": 1}}),
        (PARTIAL, {"revision": 0}),
        (PARTIAL, {"text": "a c"}),
        (PARTIAL, {"start_ms": 10}),
        (PARTIAL, {"start_ms": 1.0}),
        (PARTIAL, {"segment": True}),
        (PARTIAL, {"surprise": 1}),
        (FINAL, {"confidence": 1.1}),
        (FINAL, {"reason": "boredom"}),
        (FINAL, {"text": ""}),
        (FINAL, {"words": [{"text": " a", "start_ms": 0, "end_ms": 9, "confidence": 0.5}]}),
        (FINAL, {"words": [{"text": "a", "start_ms": None, "end_ms": 9, "confidence": 0.5}]}),
        (
            {"type": "error", "code": "bad_message", "message": "m", "retryable": False},
            {"code": "?"},
        ),
        (
            {"type": "warning", "code": "draining", "message": "m", "deadline_ms": 1},
            {"deadline_ms": -1},
        ),
    ],
)
def test_what_is_wrong_is_refused(event: dict[str, Any], changes: dict[str, Any]) -> None:
    check(event)
    with pytest.raises(AssertionError):
        check({**event, **changes})


@pytest.mark.parametrize(
    "events",
    [
        [PARTIAL],
        [STARTED, STARTED],
        [STARTED, PARTIAL, PARTIAL],
        [STARTED, PARTIAL, {**PARTIAL, "revision": 2, "committed": "", "tentative": "a b"}],
        [STARTED, FINAL, {**PARTIAL, "revision": 2}],
        [STARTED, FINAL, FINAL],
        [STARTED, {**FINAL, "segment": 1}, FINAL],
        [STARTED, {"type": "speech_ended", "channel": 0, "at_ms": 0}],
        [STARTED, FINAL, {"type": "ended", "audio_ms": 9, "segments": 0, "words": 1}],
        [STARTED, FINAL, {"type": "ended", "audio_ms": 9, "segments": 1, "words": 2}],
        [STARTED, {"type": "ended", "audio_ms": 0, "segments": 0, "words": 0}, PARTIAL],
        [STARTED, {"type": "ack", "received_ms": 1, "decoded_ms": 2}],
    ],
)
def test_sessions_that_break_a_rule_are_refused(events: list[dict[str, Any]]) -> None:
    transcript = Transcript()
    with pytest.raises(AssertionError):
        for event in events:
            transcript.add(event)


def test_the_close_codes_are_those_of_the_errors() -> None:
    abstract = (WirescribeError, errors.RequestError, errors.ServerError)
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, WirescribeError) and kind not in abstract
    ]
    assert {kind.code: kind.close_code for kind in kinds} == dict(CLOSE_CODES)


def test_every_warning_has_its_detail() -> None:
    assert {code.value for code in WarningCode} == WARNING_DETAIL.keys()
