"""A transcript in OpenAI's forms: JSON, verbose JSON, plain text, captions, server-sent events."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable
from typing import Any, Final

from streaming.captions import make_cues, to_srt, to_webvtt
from streaming.decoding import Task, Word
from streaming.events import Final as Segment
from streaming.rest.names import language_name
from streaming.rest.openai_fields import ResponseFormat, Shape
from streaming.rest.transcript import Transcript

_LEAST: Final = 1e-10  # a confidence of 0 has no logarithm


def reply(transcript: Transcript, shape: Shape, task: Task) -> tuple[str, str]:
    """Return the body of an answer and its media type."""
    match shape.form:
        case ResponseFormat.TEXT:
            return transcript.text + "\n", "text/plain; charset=utf-8"
        case ResponseFormat.SRT:
            return to_srt(make_cues(transcript.finals)), "text/plain; charset=utf-8"
        case ResponseFormat.VTT:
            return to_webvtt(make_cues(transcript.finals)), "text/vtt; charset=utf-8"
        case ResponseFormat.VERBOSE_JSON:
            return _json(_verbose(transcript, shape, task)), "application/json"
        case ResponseFormat.JSON:
            return _json(_plain(transcript, shape)), "application/json"


def delta(text: str, segment: Segment, shape: Shape) -> bytes:
    """Return the event of one more piece of text."""
    event: dict[str, Any] = {"type": "transcript.text.delta", "delta": text}
    if shape.logprobs:
        event["logprobs"] = _logprobs([segment])
    return sse(event)


def done(transcript: Transcript, shape: Shape) -> bytes:
    """Return the event of the whole."""
    return sse({"type": "transcript.text.done", **_plain(transcript, shape)})


def sse(event: dict[str, Any]) -> bytes:
    """Return data as one server-sent event."""
    return f"data: {_json(event)}\n\n".encode()


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _plain(transcript: Transcript, shape: Shape) -> dict[str, Any]:
    body: dict[str, Any] = {"text": transcript.text}
    if shape.logprobs:
        body["logprobs"] = _logprobs(transcript.finals)
    return {**body, **_end(transcript)}


def _verbose(transcript: Transcript, shape: Shape, task: Task) -> dict[str, Any]:
    translated = task is Task.TRANSLATE
    body: dict[str, Any] = {
        "task": task.value,
        "language": "english" if translated else language_name(transcript.language),
        "duration": transcript.duration_ms / 1000,
        "text": transcript.text,
    }
    if shape.segments:
        body["segments"] = [
            _segment(number, segment) for number, segment in enumerate(transcript.finals)
        ]
    if shape.words:
        body["words"] = [
            {"word": word.text.strip(), "start": _s(word.start_ms), "end": _s(word.end_ms)}
            for segment in transcript.finals
            for word in segment.words or ()
        ]
    return {**body, **_end(transcript)}


def _end(transcript: Transcript) -> dict[str, Any]:
    seconds = math.ceil(transcript.duration_ms / 1000)
    end: dict[str, Any] = {"usage": {"type": "duration", "seconds": seconds}}
    if transcript.damage is not None:
        end["warning"] = transcript.damage
    return end


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    """One of them; what of OpenAI's this server has no figure for is empty or nought."""
    text = segment.text.encode()
    return {
        "id": number,
        "seek": segment.start_ms // 10,
        "start": _s(segment.start_ms),
        "end": _s(segment.end_ms),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": _logprob(segment.confidence),
        "compression_ratio": len(text) / len(zlib.compress(text)) if text else 0.0,
        "no_speech_prob": 0.0,
    }


def _logprobs(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """A word at a time, where OpenAI has tokens: confidences are those of words."""
    said: list[Word] = [word for segment in segments for word in segment.words or ()]
    return [
        {
            "token": word.text,
            "logprob": _logprob(1.0 if word.confidence is None else word.confidence),
            "bytes": list(word.text.encode()),
        }
        for word in said
    ]


def _logprob(confidence: float) -> float:
    return round(math.log(max(_LEAST, confidence)), 4)


def _s(ms: int | None) -> float:
    return (ms or 0) / 1000
