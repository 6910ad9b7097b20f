"""vosk-server's protocol, as Jigasi, FreeSWITCH's mod_vosk and Asterisk's res_speech_vosk speak it.

Its rule is one reply for every audio message: a client may wait for it before it sends the next.
The reply never waits for decoding: it is the oldest final that the client has not been told, or
else what is known of the segment being said. ``eof`` and ``reset`` are answered when all that came
before them is decoded, with the finals that are left, joined; replies keep the order of what they
answer. Nothing is sent that nothing asked for: a client that reads one reply for each message
would fall behind by one for good.

Facts: https://github.com/alphacep/vosk-server (``websocket/asr_server.py``).
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from streaming.decoding import Word
from streaming.errors import BadConfiguration, BadMessage, WirescribeError, shown
from streaming.events import Ended, Final, Finalized, Partial, Suppressed
from streaming.transports.codec import (
    Aside,
    Audio,
    Codec,
    Command,
    Configure,
    End,
    Finalize,
    Notice,
    Start,
)

_DEFAULT_RATE = 8_000
_UNKNOWN = "[unk]"  # what a grammar calls all other words
_LONGEST_PHRASE = 64
_MOST_ALTERNATIVES = 100
_CLOSE_BYTES = 123  # RFC 6455, section 5.5.1
_QUERY_OPTIONS = frozenset({"language", "languages", "task", "prompt", "hotwords"})
_ENDPOINTING = "endpointing."
_ESCAPED = re.compile(r"\\.")


class _Owed(Enum):
    """What a message is to be answered with."""

    REPLY = "reply"
    """What is known when its turn comes."""

    RESULT = "result"
    """All finals of what came before it."""


class VoskCodec(Codec):
    """One connection's exchange, and what of it is still to be answered."""

    name = "vosk"

    def __init__(self) -> None:
        self._options: dict[str, Any] = {}
        self._rate = _DEFAULT_RATE
        self._words = True
        self._alternatives = 0
        self._begun = False
        self._resets = 0
        self._partial: tuple[int, str] | None = None
        self._finals: deque[Final] = deque()
        self._owed: deque[_Owed] = deque()

    # -- what comes in -------------------------------------------------------------------------

    def opening(self, query: Sequence[tuple[str, str]]) -> Start | None:
        """Keep what vosk has no word for, such as the language; the session begins later."""
        for name, value in query:
            if name == "sample_rate":
                self._rate = _sample_rate(value)
            elif name in _QUERY_OPTIONS:
                self._options[name] = value
            elif name.startswith(_ENDPOINTING):
                key = name.removeprefix(_ENDPOINTING)
                self._options.setdefault("endpointing", {})[key] = value
        return None

    def text(self, message: str) -> Sequence[Command]:
        """Read ``config``, ``eof`` or ``reset``, however its blanks are set."""
        try:
            fields = json.loads(message)
        except (ValueError, RecursionError):
            raise BadMessage(f"message: {shown(message)} is not JSON", field="message") from None
        if isinstance(fields, dict):
            if "config" in fields:
                return self._configured(fields["config"])
            if fields.get("eof"):
                return [*self._beginning(), End()]
            if fields.get("reset"):
                self._resets += 1
                name = f"reset-{self._resets}"
                return [*self._beginning(), Aside(_Owed.RESULT), Finalize(name)]
        raise BadMessage(
            f"message: {shown(fields)} has none of config, eof, reset", field="message"
        )

    def binary(self, message: bytes) -> Sequence[Command]:
        """Take audio, and owe a reply."""
        return [*self._beginning(), Audio(message), Aside(_Owed.REPLY)]

    def _beginning(self) -> Sequence[Command]:
        if self._begun:
            return []
        self._begun = True
        audio = {"encoding": "pcm_s16le", "sample_rate": self._rate, "channels": 1}
        return [Start({**self._options, "audio": audio, "words": self._words})]

    def _configured(self, config: object) -> Sequence[Command]:
        if not isinstance(config, Mapping):
            raise BadConfiguration(f"config: {shown(config)} is not an object", field="config")
        if "sample_rate" in config:
            rate = _sample_rate(config["sample_rate"])
            if self._begun and rate != self._rate:
                raise BadConfiguration(
                    f"sample_rate: {rate} can't follow {self._rate}; open a new connection",
                    field="sample_rate",
                )
            self._rate = rate
        if "words" in config:
            self._words = bool(config["words"])
        if "max_alternatives" in config:
            self._alternatives = _alternatives(config["max_alternatives"])
        changed = {}
        if "phrase_list" in config:
            changed["hotwords"] = _hotwords(config["phrase_list"])
        if self._begun:
            return [Configure(changed)] if changed else []
        if isinstance(config.get("token"), str):
            self._options["token"] = config["token"]
        self._options |= changed
        return self._beginning()

    # -- what goes out -------------------------------------------------------------------------

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[str]:
        """Write the replies that are due; all else is remembered for those to come."""
        match notice:
            case Partial():
                self._partial = (notice.segment, notice.text)
            case Final():
                self._forget_partial(notice.segment)
                if notice.text:
                    self._finals.append(notice)
            case Suppressed():
                self._forget_partial(notice.segment)
            case Aside(_Owed.REPLY) if not self._owed:
                return [self._reply()]
            case Aside(owed):
                self._owed.append(owed)
            case Finalized():
                return self._answer_reset()
            case Ended():
                return [self._rest()]
        return []

    def error(self, error: WirescribeError) -> Sequence[str]:
        """Write what is left to be told: vosk has no word for the error, which the close says."""
        return [self._rest()] if self._finals else []

    def close(self, error: WirescribeError) -> tuple[int, str]:
        """Say in the close frame, as far as it has room, what vosk has no message for."""
        reason = f"{error.code}: {error.message}".encode(errors="replace")
        return error.close_code, reason[:_CLOSE_BYTES].decode(errors="ignore")

    def _forget_partial(self, segment: int) -> None:
        if self._partial is not None and self._partial[0] <= segment:
            self._partial = None

    def _answer_reset(self) -> list[str]:
        if not self._owed:
            return []
        self._owed.popleft()
        replies = [self._rest()]
        while self._owed and self._owed[0] is _Owed.REPLY:
            self._owed.popleft()
            replies.append(self._reply())
        return replies

    def _reply(self) -> str:
        if self._finals:
            return self._result([self._finals.popleft()])
        return _json({"partial": self._partial[1].strip() if self._partial else ""})

    def _rest(self) -> str:
        finals = list(self._finals)
        self._finals.clear()
        return self._result(finals)

    def _result(self, finals: Sequence[Final]) -> str:
        text = " ".join(final.text.strip() for final in finals)
        words = [word for final in finals for word in final.words or ()] if self._words else []
        said = {**({"result": [_word(word) for word in words]} if words else {}), "text": text}
        if not self._alternatives:
            return _json(said)
        return _json({"alternatives": [{"confidence": _confidence(finals), **said}]})


def _word(word: Word) -> dict[str, Any]:
    return {
        "conf": round(word.confidence or 0.0, 6),
        "end": (word.end_ms or 0) / 1000,
        "start": (word.start_ms or 0) / 1000,
        "word": word.text.strip(),
    }


def _confidence(finals: Iterable[Final]) -> float:
    """The mean over finals, each as much as it has text."""
    weights = [(final.confidence, len(final.text)) for final in finals]
    total = sum(weight for _, weight in weights)
    return round(sum(value * weight for value, weight in weights) / total, 6) if total else 1.0


def _sample_rate(value: object) -> int:
    """Clients send 8000, 48000.0 and "16000" alike."""
    try:
        rate = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        rate = math.nan
    if isinstance(value, bool) or not math.isfinite(rate) or rate != int(rate):
        raise BadConfiguration(
            f"sample_rate: {shown(value)} is not a whole number of hertz", field="sample_rate"
        )
    return int(rate)


def _alternatives(value: object) -> int:
    if isinstance(value, int) and 0 <= value <= _MOST_ALTERNATIVES:
        return int(value)
    raise BadConfiguration(
        f"max_alternatives: {shown(value)} is not an integer from 0 to {_MOST_ALTERNATIVES}",
        field="max_alternatives",
    )


def _hotwords(value: object) -> list[str]:
    """Make hot words of a grammar: its phrases, long ones cut between words."""
    if not isinstance(value, list) or not all(isinstance(phrase, str) for phrase in value):
        raise BadConfiguration(
            f"phrase_list: {shown(value)} is not a list of texts", field="phrase_list"
        )
    pieces = (
        piece
        for phrase in value
        if phrase.strip() and phrase.strip() != _UNKNOWN
        for piece in textwrap.wrap(phrase, _LONGEST_PHRASE)
    )
    return list(dict.fromkeys(pieces))


def _json(fields: Mapping[str, Any]) -> str:
    """JSON as vosk lays it out, for clients that look for a piece of it.

    mod_vosk takes a reply with two quotation marks side by side anywhere for an empty one: those
    within the text are written by their number.
    """
    text = json.dumps(fields, ensure_ascii=False, indent=2, separators=(",", " : "))
    return _ESCAPED.sub(lambda found: "\\u0022" if found[0] == '\\"' else found[0], text)
