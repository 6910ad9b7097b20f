"""The client's side of the native protocol, without a socket.

Options and requests become text frames, text frames become events. Unknown fields
are ignored and unknown types give no event: an older client understands a newer server.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streaming.client.errors import MessageError, UsageError
from streaming.client.events import (
    Ack,
    Ended,
    Event,
    Failed,
    Final,
    Finalized,
    Language,
    Limits,
    Partial,
    Queued,
    SpeechEnded,
    SpeechStarted,
    Started,
    Warned,
    Word,
)
from streaming.client.fields import Fields
from streaming.client.options import Options, Preset

_LIMITS = dataclasses.fields(Limits)


def build_start(
    options: Options, *, resume: Mapping[str, str | int] | None = None, token: str | None = None
) -> str:
    """The first text frame of a session, or of one that is to be resumed."""
    audio: dict[str, Any] = {
        "encoding": options.encoding,
        "sample_rate": options.sample_rate,
        "channels": options.channels,
    }
    if options.channel_names is not None:
        audio["channel_names"] = list(options.channel_names)
    message: dict[str, Any] = {"type": "start", "audio": audio}
    for name in ("language", "task", "partials", "words"):
        value = getattr(options, name)
        if value is not None:
            message[name] = value
    message |= _changeable(
        options.languages, options.prompt, options.hotwords, _endpointing(options)
    )
    if resume is not None:
        message["resume"] = dict(resume)
    if token is not None:
        message["token"] = token
    return _encode(message)


def build_configure(
    *,
    language: str | None = None,
    languages: Sequence[str] | None = None,
    prompt: str | None = None,
    hotwords: Sequence[str] | None = None,
    endpointing: Preset | None = None,
    silence_ms: int | None = None,
    sentence_silence_ms: int | None = None,
    max_segment_ms: int | None = None,
) -> str:
    """A change of settings from the next segment on; ``None`` leaves a setting as it is."""
    message: dict[str, Any] = {} if language is None else {"language": language}
    ends = {
        "preset": endpointing,
        "silence_ms": silence_ms,
        "sentence_silence_ms": sentence_silence_ms,
        "max_segment_ms": max_segment_ms,
    }
    message |= _changeable(languages, prompt, hotwords, ends)
    if not message:
        raise UsageError("configure without a setting")
    return _encode({"type": "configure"} | message)


def build_finalize(id: str) -> str:
    """Asks for all audio sent so far to be decoded now."""
    return _encode({"type": "finalize", "id": id})


def build_keepalive() -> str:
    """Keeps an idle session open."""
    return _encode({"type": "keepalive"})


def build_end() -> str:
    """Says that no more audio comes."""
    return _encode({"type": "end"})


def _endpointing(options: Options) -> dict[str, Any]:
    names = ("silence_ms", "sentence_silence_ms", "max_segment_ms")
    return {"preset": options.endpointing} | {name: getattr(options, name) for name in names}


def _changeable(
    languages: Sequence[str] | None,
    prompt: str | None,
    hotwords: Sequence[str] | None,
    endpointing: Mapping[str, Any],
) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if prompt is not None:
        settings["prompt"] = prompt
    for name, listed in (("languages", languages), ("hotwords", hotwords)):
        if isinstance(listed, str):
            raise UsageError(f"{name} is a list of strings, not one string")
        if listed is not None:
            settings[name] = list(listed)
    given = {name: value for name, value in endpointing.items() if value is not None}
    if given:
        settings["endpointing"] = given
    return settings


def _encode(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def parse_event(frame: str) -> Event | None:
    """The event of one text frame, or ``None`` for a type this client doesn't know.

    Raises ``MessageError`` for what isn't a JSON object with a ``type``, or lacks a field that the
    type can't be without.
    """
    return parse_numbered(frame)[0]


def parse_numbered(frame: str) -> tuple[Event | None, int | None]:
    """The event of one text frame and its number among those that last, if it has one.

    Raises ``MessageError`` as ``parse_event`` does.
    """
    try:
        message = json.loads(frame)
    except ValueError as error:
        raise MessageError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise MessageError("not a JSON object")
    kind = message.get("type")
    if not isinstance(kind, str):
        raise MessageError("field 'type' is missing")
    fields = Fields(kind, {name: value for name, value in message.items() if name != "seq"})
    number = Fields(kind, message).integer_or_none("seq")
    parse = _PARSERS.get(kind)
    return None if parse is None else parse(fields), number


def _started(fields: Fields) -> Started:
    limits = fields.object("limits")
    return Started(
        session_id=fields.text("session_id"),
        resume_token=fields.text("resume_token", ""),
        model=fields.text("model", ""),
        device=fields.text("device", ""),
        language=fields.text("language", ""),
        limits=Limits(**{each.name: limits.integer_or_none(each.name) for each in _LIMITS}),
        resumed_from_ms=fields.integer_or_none("resumed_from_ms"),
        partial_model=fields.text("partial_model", "") or None,
    )


def _partial(fields: Fields) -> Partial:
    return Partial(
        segment=fields.integer("segment"),
        revision=fields.integer("revision"),
        channel=fields.integer("channel", 0),
        start_ms=fields.integer("start_ms"),
        end_ms=fields.integer("end_ms"),
        text=fields.text("text"),
        committed=fields.text("committed", ""),
        tentative=fields.text("tentative", ""),
        language=fields.text("language", ""),
    )


def _word(fields: Fields) -> Word:
    return Word(
        text=fields.text("text"),
        start_ms=fields.integer("start_ms"),
        end_ms=fields.integer("end_ms"),
        confidence=fields.number_or_none("confidence"),
    )


def _final(fields: Fields) -> Final:
    return Final(
        segment=fields.integer("segment"),
        channel=fields.integer("channel", 0),
        start_ms=fields.integer("start_ms"),
        end_ms=fields.integer("end_ms"),
        text=fields.text("text"),
        confidence=fields.number_or_none("confidence"),
        language=fields.text("language", ""),
        language_confidence=fields.number_or_none("language_confidence"),
        reason=fields.text("reason", ""),
        words=tuple(_word(word) for word in fields.objects("words")),
    )


def _warned(fields: Fields) -> Warned:
    return Warned(
        code=fields.text("code"),
        message=fields.text("message", ""),
        detail=fields.others("type", "code", "message"),
    )


def _failed(fields: Fields) -> Failed:
    return Failed(
        code=fields.text("code"),
        message=fields.text("message", ""),
        retryable=fields.flag("retryable", False),
        retry_after_ms=fields.integer_or_none("retry_after_ms"),
    )


_PARSERS: dict[str, Callable[[Fields], Event]] = {
    "started": _started,
    "queued": lambda f: Queued(f.integer("position"), f.integer_or_none("eta_ms")),
    "speech_started": lambda f: SpeechStarted(f.integer("channel", 0), f.integer("at_ms")),
    "speech_ended": lambda f: SpeechEnded(f.integer("channel", 0), f.integer("at_ms")),
    "partial": _partial,
    "final": _final,
    "finalized": lambda f: Finalized(f.text("id", ""), f.integer("through_ms")),
    "ack": lambda f: Ack(f.integer("received_ms"), f.integer("decoded_ms")),
    "language": lambda f: Language(
        f.integer("channel", 0), f.text("language"), f.number_or_none("confidence")
    ),
    "warning": _warned,
    "error": _failed,
    "ended": lambda f: Ended(
        f.integer("audio_ms"), f.integer("segments", 0), f.integer("words", 0)
    ),
}
