"""What a client asks of a transcription session, under the GA's names or the old beta's.

A ``session.update`` names what changes, to the depth of single fields; the rest stays. What can't
be had is refused by the name that the client used for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from streaming.audio.formats import AudioFormat, Encoding
from streaming.endpointing import Endpointing
from streaming.errors import BadConfiguration, RequestError, UnsupportedAudio, shown

LOGPROBS: Final = "item.input_audio_transcription.logprobs"
_TELEPHONE_RATE: Final = 8_000
_PCM_RATE: Final = 24_000
_PREFIX_MS: Final = 300  # what a segment begins with before its first sound, always
_THRESHOLD: Final = 0.5

# Silence that ends a turn, and the one that is enough behind a complete sentence. The first is half
# of the longest wait that OpenAI names for each.
EAGERNESS: Final[Mapping[str, tuple[int, int]]] = {
    "low": (4_000, 1_200),
    "medium": (2_000, 700),
    "high": (1_000, 400),
}

_SESSION: Final = frozenset({"type", "audio", "include"})
# What a session is shown with, and what is of no consequence where nothing is answered.
_OF_NO_CONSEQUENCE: Final = frozenset(
    {"id", "object", "expires_at", "client_secret", "modalities", "output_modalities", "model"}
)
_FLAT: Final[Mapping[str, str]] = {
    "input_audio_format": "format",
    "input_audio_noise_reduction": "noise_reduction",
    "input_audio_transcription": "transcription",
    "turn_detection": "turn_detection",
}
_INPUT: Final = frozenset(_FLAT.values())
_UNTURNED: Final = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models whose clients end turns themselves, and say so by their name alone."""
_TRANSCRIPTION: Final = frozenset({"model", "language", "languages", "prompt", "keywords", "delay"})
_VAD: Final = frozenset(
    {
        "type", "threshold", "prefix_padding_ms", "silence_duration_ms", "eagerness",
        "idle_timeout_ms", "create_response", "interrupt_response",
    }
)  # fmt: skip
_ENCODINGS: Final[Mapping[str, Encoding]] = {
    "audio/pcm": Encoding.PCM_S16LE,
    "audio/pcmu": Encoding.MULAW,
    "audio/pcma": Encoding.ALAW,
}
_FLAT_FORMATS: Final[Mapping[str, str]] = {
    "pcm16": "audio/pcm",
    "g711_ulaw": "audio/pcmu",
    "g711_alaw": "audio/pcma",
}
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "language": ("transcription", "language"),
    "languages": ("transcription", "languages"),
    "prompt": ("transcription", "prompt"),
    "hotwords": ("transcription", "keywords"),
    "endpointing.silence_ms": ("turn_detection", "silence_duration_ms"),
}


@dataclass(frozen=True, slots=True)
class Turns:
    """What ends a turn: silence, or with ``manual`` the client alone. None: the operator's."""

    manual: bool = False
    silence_ms: int | None = None
    eagerness: str | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """One session's options, as OpenAI's clients put them."""

    audio: AudioFormat = field(default_factory=lambda: AudioFormat(sample_rate=_PCM_RATE))
    language: object = None
    languages: object = None
    prompt: object = None
    keywords: object = None
    turns_asked: Turns | None = None
    unturned: bool = False
    logprobs: bool = False

    @property
    def turns(self) -> Turns:
        """What ends a turn: what was asked for, or else what the model that was named has."""
        return self.turns_asked or Turns(manual=self.unturned)

    def changed(self, session: object) -> Wishes:
        """Return these with what a ``session`` object names, in either API's words.

        Raises BadConfiguration or UnsupportedAudio, whose ``field`` is the parameter's name.
        """
        fields = _object("session", session)
        _known("session", fields, _SESSION | _OF_NO_CONSEQUENCE | _FLAT.keys())
        kind = fields.get("type", "transcription")
        if kind != "transcription":
            raise _refuse("session.type", kind, "is not 'transcription': nothing is answered here")
        given = {
            (f"session.{flat}", name): fields[flat]
            for flat, name in _FLAT.items()
            if flat in fields
        }
        if "audio" in fields:
            audio = _object("session.audio", fields["audio"])
            _known("session.audio", audio, {"input"})
            heard = _object("session.audio.input", audio.get("input", {}))
            _known("session.audio.input", heard, _INPUT)
            given |= {(f"session.audio.input.{name}", name): it for name, it in heard.items()}
        wishes = self
        for (param, name), value in given.items():
            wishes = _CHANGES[name](wishes, param, value)
        if "include" in fields:
            wishes = replace(wishes, logprobs=_include(fields["include"]))
        return wishes

    def options(self, defaults: Endpointing) -> dict[str, Any]:
        """Return the session's own options for these; all of them, so that none is left over."""
        silence_ms, sentence_ms = _silences(self.turns, defaults)
        return {
            "language": self.language or "auto",
            **({"languages": self.languages} if self.languages else {}),
            "prompt": self.prompt or "",
            "hotwords": self.keywords or [],
            "endpointing": {"silence_ms": silence_ms, "sentence_silence_ms": sentence_ms},
        }

    def shown(self, name: str, model: str, defaults: Endpointing, *, beta: bool) -> dict[str, Any]:
        """Return the session object: what is in force, whatever was asked for."""
        transcription: dict[str, Any] = {
            "model": model,
            "language": self.language,
            "prompt": self.prompt or "",
        }
        if self.languages:
            transcription["languages"] = self.languages
        if self.keywords:
            transcription["keywords"] = self.keywords
        head = {"id": name, "object": "realtime.transcription_session"}
        turns, include = _shown_turns(self.turns, defaults), [LOGPROBS] if self.logprobs else None
        if beta:
            formats = {_ENCODINGS[ga]: flat for flat, ga in _FLAT_FORMATS.items()}
            return {
                **head,
                "modalities": ["text"],
                "input_audio_format": formats[self.audio.encoding],
                "input_audio_noise_reduction": None,
                "input_audio_transcription": transcription,
                "turn_detection": turns,
                "include": include,
            }
        formats = {encoding: ga for ga, encoding in _ENCODINGS.items()}
        sound: dict[str, Any] = {"type": formats[self.audio.encoding]}
        if self.audio.encoding is Encoding.PCM_S16LE:
            sound["rate"] = self.audio.sample_rate
        heard = {
            "format": sound,
            "noise_reduction": None,
            "transcription": transcription,
            "turn_detection": turns,
        }
        return {**head, "type": "transcription", "audio": {"input": heard}, "include": include}


def in_their_words(error: RequestError, *, beta: bool) -> RequestError:
    """Return an error of the session's options that names the parameter as the client does."""
    field = error.field or ""
    section, name = _FIELDS.get(field.partition("[")[0], ("", ""))
    if not section:
        return error
    flat = next(flat for flat, ga in _FLAT.items() if ga == section)
    param = f"session.{flat}.{name}" if beta else f"session.audio.input.{section}.{name}"
    said = error.message.replace(field, param, 1)
    return type(error)(said, field=param)


def _silences(turns: Turns, defaults: Endpointing) -> tuple[int, int]:
    """The silence that ends a turn, and the one that does behind a sentence; alike for no other."""
    if turns.eagerness is not None:
        return EAGERNESS[turns.eagerness]
    if turns.silence_ms is not None:
        return turns.silence_ms, turns.silence_ms
    sentence_ms = defaults.sentence_silence_ms
    return defaults.silence_ms, defaults.silence_ms if sentence_ms is None else sentence_ms


def _shown_turns(turns: Turns, defaults: Endpointing) -> dict[str, Any] | None:
    if turns.manual:
        return None
    if turns.eagerness is not None:
        return {"type": "semantic_vad", "eagerness": turns.eagerness}
    return {
        "type": "server_vad",
        "threshold": _THRESHOLD,
        "prefix_padding_ms": _PREFIX_MS,
        "silence_duration_ms": _silences(turns, defaults)[0],
    }


# -- one section each ------------------------------------------------------------------------------


def _format(wishes: Wishes, param: str, value: object) -> Wishes:
    if isinstance(value, str) and value in _FLAT_FORMATS:  # the beta's
        fields: Mapping[str, Any] = {"type": _FLAT_FORMATS[value]}
    elif isinstance(value, str):
        raise _unheard(param, value, f"is not one of {', '.join(_FLAT_FORMATS)}")
    else:
        fields = _object(param, value)
        _known(param, fields, {"type", "rate"})
    before = next(ga for ga, it in _ENCODINGS.items() if it is wishes.audio.encoding)
    kind = fields.get("type", before)
    encoding = _ENCODINGS.get(kind) if isinstance(kind, str) else None
    if encoding is None:
        raise _unheard(f"{param}.type", kind, f"is not one of {', '.join(_ENCODINGS)}")
    pcm = encoding is Encoding.PCM_S16LE
    usual = _PCM_RATE if pcm else _TELEPHONE_RATE
    rate = fields.get("rate", wishes.audio.sample_rate if kind == before else usual)
    if not pcm and rate != _TELEPHONE_RATE:
        raise _unheard(f"{param}.rate", rate, f"is not {_TELEPHONE_RATE}, which {kind} has")
    try:
        audio = AudioFormat(encoding, rate)
    except UnsupportedAudio as error:
        said = error.message.replace("audio.sample_rate", f"{param}.rate", 1)
        raise UnsupportedAudio(said, field=f"{param}.rate") from None
    return replace(wishes, audio=audio)


def _noise_reduction(wishes: Wishes, param: str, value: object) -> Wishes:
    """Whisper is better off without: it is taken, and shown as null."""
    if value is not None:
        kind = _object(param, value).get("type", "near_field")
        if kind not in ("near_field", "far_field"):
            raise _refuse(f"{param}.type", kind, "is not one of near_field, far_field")
    return wishes


def _transcription(wishes: Wishes, param: str, value: object) -> Wishes:
    if value is None:
        raise _refuse(param, value, "would leave nothing to do: a session here transcribes")
    fields = _object(param, value)
    _known(param, fields, _TRANSCRIPTION)
    model = fields.get("model")
    if model is not None and (not isinstance(model, str) or model.endswith("-diarize")):
        raise _refuse(f"{param}.model", model, "is no model that tells no speakers apart")
    if isinstance(model, str):
        wishes = replace(wishes, unturned=model.startswith(_UNTURNED))
    named: dict[str, Any] = {
        name: fields[name] or None
        for name in ("language", "languages", "prompt", "keywords")
        if name in fields
    }
    for one, other in (("language", "languages"), ("languages", "language")):
        if named.get(one):  # the newest of the two is what counts
            named.setdefault(other, None)
    return replace(wishes, **named)


def _turn_detection(wishes: Wishes, param: str, value: object) -> Wishes:
    if value is None:
        return replace(wishes, turns_asked=Turns(manual=True))
    fields = _object(param, value)
    _known(param, fields, _VAD)
    if fields.get("idle_timeout_ms") is not None:
        name = f"{param}.idle_timeout_ms"
        raise _refuse(name, fields["idle_timeout_ms"], "is not null: nobody is prompted here")
    before = wishes.turns_asked or Turns()
    kind = fields.get("type", "server_vad" if before.eagerness is None else "semantic_vad")
    if kind == "semantic_vad":
        eagerness = fields.get("eagerness", before.eagerness)
        eagerness = "medium" if eagerness in ("auto", None) else eagerness
        if not isinstance(eagerness, str) or eagerness not in EAGERNESS:
            raise _refuse(f"{param}.eagerness", eagerness, "is not one of low, medium, high, auto")
        return replace(wishes, turns_asked=Turns(eagerness=eagerness))
    if kind != "server_vad":
        raise _refuse(f"{param}.type", kind, "is not one of server_vad, semantic_vad")
    _number(f"{param}.threshold", fields.get("threshold"), 1)
    _number(f"{param}.prefix_padding_ms", fields.get("prefix_padding_ms"), 60_000)
    silence_ms = fields.get("silence_duration_ms", before.silence_ms)
    return replace(wishes, turns_asked=Turns(silence_ms=silence_ms))


_CHANGES: Final = {
    "format": _format,
    "noise_reduction": _noise_reduction,
    "transcription": _transcription,
    "turn_detection": _turn_detection,
}


def _include(value: object) -> bool:
    if value is None:
        return False
    if not isinstance(value, list) or any(name != LOGPROBS for name in value):
        raise _refuse("session.include", value, f"is not a list of {LOGPROBS!r} alone")
    return bool(value)


def _number(param: str, value: object, most: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise _refuse(param, value, f"is not a number from 0 to {most}")


def _object(param: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _refuse(param, value, "is not an object")
    return value


def _known(param: str, fields: Mapping[str, Any], names: Collection[str]) -> None:
    for name in fields:
        if name not in names:
            known = ", ".join(sorted(set(names) - _OF_NO_CONSEQUENCE))
            raise _refuse(f"{param}.{shown(name)[1:-1]}", name, f"is not one of {known}")


def _refuse(param: str, value: object, reason: str) -> BadConfiguration:
    return BadConfiguration(f"{param}: {shown(value)} {reason}", field=param)


def _unheard(param: str, value: object, reason: str) -> UnsupportedAudio:
    return UnsupportedAudio(f"{param}: {shown(value)} {reason}", field=param)
