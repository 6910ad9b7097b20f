"""The fields of OpenAI's audio requests, checked: what is to be heard, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from streaming.decoding import Task
from streaming.errors import BadConfiguration, shown
from streaming.options import SessionConfig
from streaming.rest.models import check_model
from streaming.rest.names import language_code
from streaming.rest.upload import Form
from streaming.service import Service


class ResponseFormat(StrEnum):
    """What a transcript is written as."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"


_GRANULARITIES: Final = ("word", "segment")
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0", ""})
# OpenAI's newer models take keywords and languages; our own clients call the first hotwords.
_HINTS: Final = {"hotwords": "hotwords", "keywords": "hotwords", "languages": "languages"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What an answer looks like: its form, and what verbose JSON and JSON have beside text."""

    form: ResponseFormat
    words: bool = False
    segments: bool = True
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the session's options, the shape of its answer, and whether it comes at once."""

    config: SessionConfig
    shape: Shape
    stream: bool
    progress: bool


def read_fields(form: Form, task: Task, service: Service) -> Asked:
    """Check a request's fields; what they don't say is as OpenAI has it.

    Raises BadConfiguration or UnknownModel naming the field. Fields nobody knows are ignored.
    """
    model = form.one("model")
    if not model:
        raise BadConfiguration("model: is missing", field="model")
    check_model(model, service.engine_info)
    shape = read_shape(form)
    stream = _flag("stream", form.one("stream"))
    if stream and shape.form not in (ResponseFormat.JSON, ResponseFormat.TEXT):
        raise BadConfiguration(
            f"stream: can't be had as {shape.form.value}; leave one of the two out", field="stream"
        )
    progress = _flag("progress", form.one("progress"))
    if progress and not stream:
        raise BadConfiguration("progress: needs stream, or a job at /v1/jobs", field="progress")
    # Cues are cut at word times; with progress, words are told with theirs.
    timed = progress or shape.form in (ResponseFormat.SRT, ResponseFormat.VTT)
    words = shape.words or shape.logprobs or timed
    config = service.parse_start(read_options(form, task, words=words))
    return Asked(config, shape, stream=stream, progress=progress)


def read_shape(form: Form, usual: str = "json") -> Shape:
    """Check what an answer is to look like; BadConfiguration names the field at fault."""
    response = _response_format(form.one("response_format") or usual)
    granularities = form.all("timestamp_granularities")
    for each in granularities:
        if each not in _GRANULARITIES:
            raise _refuse("timestamp_granularities[]", each, "is neither 'word' nor 'segment'")
    if granularities and response is not ResponseFormat.VERBOSE_JSON:
        raise BadConfiguration(
            "timestamp_granularities[]: needs response_format verbose_json",
            field="timestamp_granularities[]",
        )
    return Shape(
        response,
        words="word" in granularities,
        segments="segment" in granularities or not granularities,
        logprobs=_logprobs(form, response),
    )


def read_options(form: Form, task: Task, *, words: bool) -> dict[str, object]:
    """Return the session's options; what is never an option of one is checked here."""
    _check_temperature(form.one("temperature"))
    _refuse_speakers(form)
    options: dict[str, object] = {"task": task.value, "partials": False, "words": words}
    if language := form.one("language"):
        options["language"] = language_code(language)
    if prompt := form.one("prompt"):
        options["prompt"] = prompt
    for name, option in _HINTS.items():
        if values := form.all(name):
            options[option] = values[0] if len(values) == 1 else values
    return options


def _response_format(value: str) -> ResponseFormat:
    if value == "diarized_json":
        raise BadConfiguration(
            "response_format: 'diarized_json' can't be had: speakers are not told apart here",
            field="response_format",
        )
    try:
        return ResponseFormat(value)
    except ValueError:
        known = ", ".join(member.value for member in ResponseFormat)
        raise _refuse("response_format", value, f"is not one of {known}") from None


def _check_temperature(value: str | None) -> None:
    """0 is what is done: the likeliest text, not a sample; others are taken and change nothing."""
    if not value:
        return
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise _refuse("temperature", value, "is not a number from 0 to 1")


def _refuse_speakers(form: Form) -> None:
    for name in ("known_speaker_names", "known_speaker_references"):
        if form.all(name):
            raise BadConfiguration(
                f"{name}[]: can't be used: speakers are not told apart here", field=f"{name}[]"
            )


def _logprobs(form: Form, response: ResponseFormat) -> bool:
    asked = form.all("include")
    for each in asked:
        if each != "logprobs":
            raise _refuse("include[]", each, "is not 'logprobs'")
    if asked and response is not ResponseFormat.JSON:
        raise BadConfiguration("include[]: needs response_format json", field="include[]")
    return bool(asked)


def _flag(name: str, value: str | None) -> bool:
    text = (value or "").lower()
    if text not in _TRUE | _FALSE:
        raise _refuse(name, value, "is neither true nor false")
    return text in _TRUE


def _refuse(name: str, value: object, reason: str) -> BadConfiguration:
    return BadConfiguration(f"{name}: {shown(value)} {reason}", field=name)
