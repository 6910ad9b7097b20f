"""What a client may ask of a session, checked once, at the edge of the core.

Every refusal names the field and the value. Options arrive as one nested mapping, whichever way
they were sent: a ``start`` message, or query parameters with dotted names.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from streaming.audio.formats import MAX_CHANNELS, AudioFormat
from streaming.decoding import Task
from streaming.endpointing import PRESETS, Endpointing, Preset
from streaming.errors import BadConfiguration, shown

_Kind = TypeVar("_Kind", bound=StrEnum)

_MOST_PROMPT_CHARS = 2_000
_MOST_HOTWORDS = 100
_MOST_HOTWORD_CHARS = 64
SILENCE_MS = (100, 5_000)
SEGMENT_MS = (2_000, 28_000)
_ENDPOINTING = {
    "silence_ms": SILENCE_MS,
    "sentence_silence_ms": SILENCE_MS,
    "max_segment_ms": SEGMENT_MS,
}


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """One session's options.

    ``language`` None means: detect it, among ``languages``, or all of the model's if there are
    none.
    """

    audio: AudioFormat = field(default_factory=AudioFormat)
    language: str | None = None
    languages: tuple[str, ...] = ()
    task: Task = Task.TRANSCRIBE
    partials: bool = True
    words: bool = True
    prompt: str = ""
    hotwords: tuple[str, ...] = ()
    endpointing: Endpointing = field(default_factory=Endpointing)


def parse_start(
    options: Mapping[str, object],
    *,
    languages: Collection[str],
    defaults: SessionConfig | None = None,
    max_channels: int = MAX_CHANNELS,
) -> SessionConfig:
    """Return the configuration a ``start`` asks for; unknown fields are ignored.

    ``max_channels`` is the operator's limit.
    Raises :class:`~streaming.errors.BadConfiguration` or
    :class:`~streaming.errors.UnsupportedAudio`.
    """
    base = defaults or SessionConfig()
    audio = options.get("audio")
    if audio is not None and not isinstance(audio, Mapping):
        raise _refuse("audio", audio, "is not an object")
    return dataclasses.replace(
        _changed(base, options, languages),
        audio=(
            base.audio if audio is None else AudioFormat.parse(audio, max_channels=max_channels)
        ),
        task=_choice("task", options["task"], Task) if "task" in options else base.task,
        partials=_flag(options, "partials", base.partials),
        words=_flag(options, "words", base.words),
    )


def parse_configure(
    options: Mapping[str, object], current: SessionConfig, *, languages: Collection[str]
) -> SessionConfig:
    """Return ``current`` with what a ``configure`` changes; what can't change is refused."""
    for name in ("audio", "task", "partials", "words"):
        if name in options:
            raise BadConfiguration(
                f"{name}: can't be changed during a session; open a new one", field=name
            )
    return _changed(current, options, languages)


def _changed(
    base: SessionConfig, options: Mapping[str, object], languages: Collection[str]
) -> SessionConfig:
    language, among = _spoken(base, options, languages)
    prompt = base.prompt
    if options.get("prompt") is not None:
        prompt = _text("prompt", options["prompt"], _MOST_PROMPT_CHARS)
    hotwords = base.hotwords
    if options.get("hotwords") is not None:
        hotwords = _hotwords(options["hotwords"])
    return dataclasses.replace(
        base,
        language=language,
        languages=among,
        prompt=prompt,
        hotwords=hotwords,
        endpointing=_endpointing(options.get("endpointing"), base.endpointing),
    )


def _endpointing(value: object, base: Endpointing) -> Endpointing:
    if value is None:
        return base
    if not isinstance(value, Mapping):
        raise _refuse("endpointing", value, "is not an object")
    preset = value.get("preset")
    if preset is not None:
        base = PRESETS[_choice("endpointing.preset", preset, Preset)]
    asked = {
        name: _integer(f"endpointing.{name}", value[name], bounds)
        for name, bounds in _ENDPOINTING.items()
        if value.get(name) is not None
    }
    return dataclasses.replace(base, **asked)


def _integer(name: str, value: object, bounds: tuple[int, int]) -> int:
    low, high = bounds
    if isinstance(value, str):  # of a query
        with contextlib.suppress(ValueError):
            value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _refuse(name, value, f"is not an integer from {low} to {high}")
    return value


def _flag(options: Mapping[str, object], name: str, default: bool) -> bool:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    if not isinstance(value, bool):
        raise _refuse(name, value, "is neither true nor false")
    return value


def _choice(name: str, value: object, kind: type[_Kind]) -> _Kind:
    try:
        return kind(value)  # type: ignore[arg-type]
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise _refuse(name, value, f"is not one of {known}") from None


def _spoken(
    base: SessionConfig, options: Mapping[str, object], languages: Collection[str]
) -> tuple[str | None, tuple[str, ...]]:
    """The language, and those to detect it among: who sends one of the two says both.

    One language alone is no choice: it is the language.
    """
    listed = options.get("languages")
    if listed is None:
        if "language" not in options:
            return base.language, base.languages
        return _language("language", options["language"], languages), ()
    among = _languages(listed, languages)
    named = options.get("language", "auto")
    if _language("language", named, languages) is not None:
        raise BadConfiguration(
            f"languages: {shown(listed)} are to be detected among, but language is "
            f"{shown(named)}; leave one of the two out",
            field="languages",
        )
    return (among[0], ()) if len(among) == 1 else (None, among)


def _languages(value: object, languages: Collection[str]) -> tuple[str, ...]:
    if isinstance(value, str):  # of a query
        value = value.split(",")
    if not isinstance(value, (list, tuple)):
        raise _refuse("languages", value, "is not a list of language codes")
    if not value:
        raise _refuse("languages", value, "is empty; leave it out to detect any language")
    codes: list[str] = []
    for i, item in enumerate(value):
        code = _language(f"languages[{i}]", item, languages)
        if code is None:
            raise _refuse(f"languages[{i}]", item, "is not a language code")
        if code in codes:
            raise _refuse(f"languages[{i}]", item, f"is {code!r} again")
        codes.append(code)
    return tuple(codes)


def _language(name: str, value: object, languages: Collection[str]) -> str | None:
    if value is None or value == "auto":
        return None
    if not isinstance(value, str):
        raise _refuse(name, value, "is not a language code")
    # Clients send locales ("en-GB", "pt_BR"); Whisper knows languages.
    code = value.strip().lower().replace("_", "-").split("-")[0]
    if code in languages:
        return code
    if len(languages) == 1:
        only = next(iter(languages))
        raise _refuse(name, value, f"is not spoken by this model, which only knows {only!r}")
    near = get_close_matches(code, list(languages), n=3, cutoff=0.5)
    hint = f"; near it: {', '.join(near)}" if near else ""
    auto = "'auto' or " if name == "language" else ""
    raise _refuse(name, value, f"is not {auto}a language of this model{hint}")


def _text(name: str, value: object, most: int) -> str:
    if not isinstance(value, str):
        raise _refuse(name, value, "is not text")
    if len(value) > most:
        raise BadConfiguration(f"{name}: {len(value)} characters are more than {most}", field=name)
    if any("\ud800" <= c <= "\udfff" for c in value):  # half a pair: no text any encoder takes
        raise _refuse(name, value, "is not valid Unicode")
    return value


def _hotwords(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise _refuse("hotwords", value, "is not a list of texts")
    if len(value) > _MOST_HOTWORDS:
        raise BadConfiguration(
            f"hotwords: {len(value)} are more than {_MOST_HOTWORDS}", field="hotwords"
        )
    return tuple(_text(f"hotwords[{i}]", word, _MOST_HOTWORD_CHARS) for i, word in enumerate(value))


def _refuse(name: str, value: object, reason: str) -> BadConfiguration:
    return BadConfiguration(f"{name}: {shown(value)} {reason}", field=name)
