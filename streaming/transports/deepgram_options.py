"""What the query of Deepgram's ``/v1/listen`` asks for: read, refused by name, or without effect.

``docs/deepgram.md`` lists every parameter. What a client relies on for the sake of what is said or
left out (``redact``, ``diarize``) is refused where it can't be had; what only polishes the text is
taken and has no effect, since whole frameworks send it by default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streaming.errors import BadConfiguration, UnsupportedAudio, shown
from streaming.options import SILENCE_MS
from streaming.transports.deepgram_audio import Sound, read_sound
from streaming.transports.deepgram_values import flag, integer

REFUSED: Final = frozenset(
    {
        "detect_entities", "diarize", "dictation", "intents", "measurements", "sentiment",
        "summarize", "topics", "translate",
    }
)  # fmt: skip
"""What is refused unless it is turned off."""

REFUSED_WITH_ANY_VALUE: Final = frozenset(
    {"callback", "callback_method", "diarize_model", "redact", "replace", "search"}
)
_LEAST_SILENCE_MS = 300  # shorter pauses stand within sentences: Whisper would lose its context
_UTTERANCE_END_MS = (1_000, 60_000)


@dataclass(frozen=True, slots=True)
class Listen:
    """One stream's options, as far as they are not the session's own."""

    options: Mapping[str, Any]
    """The session's, as a native ``start`` would have them."""

    sound: Sound = field(default_factory=Sound)
    interim: bool = False
    endpointing: bool = True
    utterance_end_ms: int | None = None
    vad_events: bool = False
    punctuated: bool = False
    languages_told: bool = False
    hinted: Sequence[str] | None = None
    """Languages to detect it among; None where it is not to be detected, or only once."""

    extra: Mapping[str, str] = field(default_factory=dict)


def read_query(query: Sequence[tuple[str, str]]) -> Listen:
    """Read a query; what can't be had raises an error that names the parameter and its value."""
    asked: dict[str, list[str]] = {}
    for name, value in query:
        asked.setdefault(name, []).append(value)
    _refuse_what_is_not_here(asked)
    sound = read_sound(asked)
    interim = flag(asked, "interim_results")
    options: dict[str, Any] = {
        "audio": sound.option,
        "partials": interim,
        "words": True,
        **_language(asked),
    }
    if terms := _terms(asked):
        options["hotwords"] = terms
    endpointing = _endpointing(asked)
    if not isinstance(endpointing, bool):
        options["endpointing"] = {"silence_ms": endpointing}
    return Listen(
        options,
        sound=sound,
        interim=interim,
        endpointing=endpointing is not False,
        utterance_end_ms=_utterance_end(asked, interim=interim),
        vad_events=flag(asked, "vad_events"),
        punctuated=flag(asked, "punctuate") or flag(asked, "smart_format"),
        languages_told="multi" in asked.get("language", ()) or "detect_language" in asked,
        hinted=options.get("languages", []) if "multi" in asked.get("language", ()) else None,
        extra=dict(pair.split(":", 1) for pair in asked.get("extra", ()) if ":" in pair),
    )


def read_file_query(query: Sequence[tuple[str, str]]) -> Listen:
    """Read the query of a recording, which says itself how it is encoded; raises likewise."""
    asked: dict[str, list[str]] = {}
    for name, value in query:
        asked.setdefault(name, []).append(value)
    _refuse_what_is_not_here(asked)
    if "encoding" in asked:
        raise UnsupportedAudio(
            f"encoding: {shown(asked['encoding'][-1])}: recordings are not taken as raw audio; "
            "send a file with a header, and no encoding",
            field="encoding",
        )
    for name in ("multichannel", "paragraphs", "utterances"):
        if flag(asked, name):
            raise BadConfiguration(
                f"{name}: 'true' is not supported for recordings; leave it out", field=name
            )
    terms = _terms(asked)
    return Listen(
        {"words": True, **_language(asked), **({"hotwords": terms} if terms else {})},
        punctuated=flag(asked, "punctuate") or flag(asked, "smart_format"),
        languages_told="multi" in asked.get("language", ()) or "detect_language" in asked,
    )


def _refuse_what_is_not_here(asked: Mapping[str, Sequence[str]]) -> None:
    for name in sorted(asked.keys() & REFUSED_WITH_ANY_VALUE):
        raise BadConfiguration(
            f"{name}: {shown(asked[name][0])} is not supported by this server; leave it out",
            field=name,
        )
    for name in sorted(asked.keys() & REFUSED):
        if any(value.lower() not in ("false", "0") for value in asked[name]):
            raise BadConfiguration(
                f"{name}: {shown(asked[name][0])} is not supported by this server; leave it out",
                field=name,
            )


def _language(asked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The language: English where nothing is said, as it is with Deepgram."""
    hints = [*asked.get("language_hint", ())]
    detect = asked.get("detect_language")
    if detect and detect[-1].lower() not in ("false", "0"):
        hints += [value for value in detect if value.lower() not in ("true", "1")]
        return _among(hints)
    language = asked.get("language", ["en"])[-1]
    return _among(hints) if language in ("multi", "auto") else {"language": language}


def _among(codes: Sequence[str]) -> dict[str, Any]:
    among = list(dict.fromkeys(code.lower().replace("_", "-").split("-")[0] for code in codes))
    return {"language": "auto", **({"languages": among} if among else {})}


def _terms(asked: Mapping[str, Sequence[str]]) -> list[str]:
    """Words to listen for; of ``keywords`` without their weights, and without the unwanted ones."""
    terms = [term for value in asked.get("keyterm", ()) for term in [value.strip()] if term]
    for value in asked.get("keywords", ()):
        word, _, weight = value.partition(":")
        if word.strip() and not weight.startswith("-"):
            terms.append(word.strip())
    return list(dict.fromkeys(terms))


def _endpointing(asked: Mapping[str, Sequence[str]]) -> int | bool:
    """Milliseconds of silence; True for the server's own, False for none that is told of."""
    value = asked.get("endpointing", ["true"])[-1].lower()
    if value in ("true", "false"):
        return value == "true"
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise BadConfiguration(
            f"endpointing: {shown(value)} is neither milliseconds nor true nor false",
            field="endpointing",
        )
    return min(max(int(value), _LEAST_SILENCE_MS), SILENCE_MS[1])


def _utterance_end(asked: Mapping[str, Sequence[str]], *, interim: bool) -> int | None:
    if asked.get("utterance_end_ms", ["false"])[-1] in ("", "false"):
        return None
    silence_ms = integer(asked, "utterance_end_ms", 0, _UTTERANCE_END_MS)
    if not interim:
        raise BadConfiguration(
            f"utterance_end_ms: {silence_ms} needs interim_results=true", field="utterance_end_ms"
        )
    return silence_ms
