"""The native protocol of ``/v1/stream``: JSON objects with a ``type``, and binary audio.

``docs/protocol.md`` describes it message by message.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streaming.errors import BadMessage, WirescribeError, shown
from streaming.events import (
    Ended,
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
    Codec,
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

SUBPROTOCOL = "wirescribe.v1"

_AUDIO_OPTIONS = frozenset({"encoding", "sample_rate", "channels", "channel_names"})
_PLAIN_OPTIONS = frozenset(
    {"language", "languages", "task", "partials", "words", "prompt", "hotwords"}
)
_NESTED_OPTIONS = frozenset({"audio", "endpointing"})
_INTEGERS = frozenset({"sample_rate", "channels"})
_LONGEST_ID = 128


class NativeCodec(Codec):
    """The native dialect of one connection."""

    name = "native"
    subprotocol = SUBPROTOCOL
    resumes = True

    def opening(self, query: Sequence[tuple[str, str]]) -> Start | None:
        """Read options from the query, ``audio.encoding`` and plain ``encoding`` alike."""
        options: dict[str, Any] = {}
        for name, value in query:
            section, dot, key = name.partition(".")
            if not dot and name in _AUDIO_OPTIONS:
                section, key = "audio", name
            if key and section in _NESTED_OPTIONS:
                options.setdefault(section, {})[key] = _query_value(key, value)
            elif name in _PLAIN_OPTIONS:
                options[name] = value
        return Start(options) if options else None

    def text(self, message: str) -> Sequence[Command]:
        """Read one JSON object."""
        try:
            fields = json.loads(message)
        except (ValueError, RecursionError):
            raise BadMessage(f"message: {shown(message)} is not JSON", field="message") from None
        if not isinstance(fields, dict):
            raise BadMessage(f"message: {shown(fields)} is not an object", field="message")
        kind = fields.get("type")
        match kind:
            case "start":
                return [Start(fields, _resume(fields.get("resume")))]
            case "configure":
                return [Configure(fields)]
            case "finalize":
                return [Finalize(_finalize_id(fields.get("id")))]
            case "keepalive":
                return [KeepAlive()]
            case "end":
                return [End()]
        raise BadMessage(
            f"type: {shown(kind)} is not one of start, configure, finalize, keepalive, end",
            field="type",
        )

    def binary(self, message: bytes) -> Sequence[Command]:
        """Take audio as it is."""
        return [Audio(message)]

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[str]:
        """Write one JSON object."""
        kind, fields = _WRITERS[type(notice)](notice)
        numbered = {} if seq is None else {"seq": seq}
        return [_json({"type": kind, **numbered, **fields})]

    def error(self, error: WirescribeError) -> Sequence[str]:
        """Write the ``error`` that comes before a close."""
        return [_json({"type": "error", **error_fields(error)})]


def error_fields(error: WirescribeError) -> dict[str, Any]:
    """Return what the wire and HTTP say of an error."""
    fields: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
    }
    if error.field is not None:
        fields["field"] = error.field
    if error.retry_after_ms is not None:
        fields["retry_after_ms"] = error.retry_after_ms
    return fields


def _query_value(key: str, value: str) -> object:
    if key in _INTEGERS:
        with contextlib.suppress(ValueError):
            return int(value)
    if key == "channel_names":
        return value.split(",")
    return value


def _finalize_id(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadMessage(f"id: {shown(value)} is not text", field="id")
    text = str(value)
    if len(text) > _LONGEST_ID:
        raise BadMessage(f"id: {len(text)} characters are more than {_LONGEST_ID}", field="id")
    if not text.isprintable():  # it is sent back as it came: half a surrogate pair could not be
        raise BadMessage(f"id: {shown(text)} has characters that can't be shown", field="id")
    return text


def _resume(value: object) -> Resume | None:
    """Which session to take up; nothing of it is shown, for it may be another one's token."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadMessage("resume: is not an object", field="resume")
    session_id, token = (_resume_text(value, name) for name in ("session_id", "token"))
    received = value.get("received")
    if received is None:
        return Resume(session_id, token)
    if isinstance(received, bool) or not isinstance(received, int) or received < 0:
        raise BadMessage(
            f"resume.received: {shown(received)} is no number of a message", field="resume.received"
        )
    return Resume(session_id, token, received)


def _resume_text(resume: Mapping[str, object], name: str) -> str:
    value = resume.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        raise BadMessage(f"resume.{name}: is missing, or no such text", field=f"resume.{name}")
    return value


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _started(it: Started) -> tuple[str, dict[str, Any]]:
    return "started", {
        "session_id": it.session_id,
        "resume_token": it.resume_token,
        "model": it.model,
        **({"partial_model": it.partial_model} if it.partial_model else {}),
        "device": it.device,
        "language": it.language,
        "limits": dict(it.limits),
        **({} if it.resumed_from_ms is None else {"resumed_from_ms": it.resumed_from_ms}),
    }


def _partial(it: Partial) -> tuple[str, dict[str, Any]]:
    return "partial", {
        "segment": it.segment,
        "revision": it.revision,
        "channel": it.channel,
        "start_ms": it.start_ms,
        "end_ms": it.end_ms,
        "text": it.text,
        "committed": it.committed,
        "tentative": it.tentative,
        "language": it.language,
    }


def _final(it: Final) -> tuple[str, dict[str, Any]]:
    fields: dict[str, Any] = {
        "segment": it.segment,
        "channel": it.channel,
        "start_ms": it.start_ms,
        "end_ms": it.end_ms,
        "text": it.text,
        "confidence": it.confidence,
        "language": it.language,
        "language_confidence": it.language_confidence,
        "reason": it.reason.value,
    }
    if it.words is not None:
        fields["words"] = [
            {
                "text": word.text.strip(),
                "start_ms": word.start_ms,
                "end_ms": word.end_ms,
                "confidence": word.confidence,
            }
            for word in it.words
        ]
    return "final", fields


def _suppressed(it: Suppressed) -> tuple[str, dict[str, Any]]:
    return "warning", {
        "code": WarningCode.SUPPRESSED.value,
        "message": "a segment was judged not to be speech",
        "segment": it.segment,
        "channel": it.channel,
        "start_ms": it.start_ms,
        "end_ms": it.end_ms,
        "reason": it.reason,
    }


def _finalized(it: Finalized) -> tuple[str, dict[str, Any]]:
    named = {} if it.id is None else {"id": it.id}
    return "finalized", {**named, "through_ms": it.through_ms}


def _warned(it: Warned) -> tuple[str, dict[str, Any]]:
    return "warning", {"code": it.code.value, "message": it.message, **dict(it.detail)}


_WRITERS: Mapping[type, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    Started: _started,
    Queued: lambda it: ("queued", {"position": it.position, "eta_ms": it.eta_ms}),
    Ack: lambda it: ("ack", {"received_ms": it.received_ms, "decoded_ms": it.decoded_ms}),
    SpeechStarted: lambda it: ("speech_started", {"channel": it.channel, "at_ms": it.at_ms}),
    SpeechEnded: lambda it: ("speech_ended", {"channel": it.channel, "at_ms": it.at_ms}),
    Partial: _partial,
    Final: _final,
    Suppressed: _suppressed,
    LanguageDetected: lambda it: (
        "language",
        {"channel": it.channel, "language": it.language, "confidence": it.confidence},
    ),
    Finalized: _finalized,
    Warned: _warned,
    Ended: lambda it: (
        "ended",
        {"audio_ms": it.audio_ms, "segments": it.segments, "words": it.words},
    ),
}
