"""The dialect of one connection: JSON events with base64 audio, in either API's names.

Audio is made the session's one format here, so that a client may change its own at any time, and
what is wrong with an event is answered with ``error``, so that the session goes on. What a client
does among what the session says (updates, commits) is told in its turn, as asides.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from streaming.audio.framing import Framer
from streaming.decoding import SAMPLES_PER_MS
from streaming.endpointing import Endpointing
from streaming.errors import (
    BadConfiguration,
    BadMessage,
    QuotaExceeded,
    RequestError,
    UnsupportedAudio,
    WirescribeError,
    shown,
)
from streaming.events import Ended, Finalized
from streaming.transports.codec import (
    Ack,
    Aside,
    Audio,
    Codec,
    Command,
    Configure,
    Denial,
    Finalize,
    Notice,
    Queued,
    Start,
    Started,
)
from streaming.transports.openai_realtime.failures import error_fields, error_object
from streaming.transports.openai_realtime.items import Items, Said
from streaming.transports.openai_realtime.secrets import SUBPROTOCOL_KEY, unwrapped
from streaming.transports.openai_realtime.wishes import Wishes, in_their_words

_LEAST_COMMIT_MS: Final = 100
_LONGEST_APPEND_MS: Final = 20_000  # it is resampled in one go, and others wait meanwhile
_MOST_COMMITS: Final = 200  # waiting for their text; the session itself takes a few more
_LONGEST_ID: Final = 512
_EVENTS: Final = (
    "session.update",
    "transcription_session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
)


@dataclass(frozen=True, slots=True)
class _Updated:
    wishes: Wishes
    beta: bool


@dataclass(frozen=True, slots=True)
class _Committed:
    at_ms: int
    request: str


@dataclass(frozen=True, slots=True)
class _Cleared:
    at_ms: int
    request: str


@dataclass(frozen=True, slots=True)
class _Wrong:
    error: WirescribeError
    event_id: str | None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class _Change(Configure):
    """A change that may be refused, and how it was before."""

    before: Wishes
    beta: bool
    event_id: str | None


class OpenAIRealtimeCodec(Codec):
    """Transcription sessions of OpenAI's Realtime API.

    ``defaults``: the operator's endpointing. ``beta``: the client speaks the old beta.
    ``wishes``: what its client secret was made for.
    """

    name = "openai_realtime"
    subprotocol = "realtime"
    by_handshake = True

    def __init__(
        self,
        defaults: Endpointing | None = None,
        *,
        beta: bool = False,
        wishes: Wishes | None = None,
    ) -> None:
        self._defaults = defaults or Endpointing()
        self._wishes = self._told = wishes or Wishes()
        self._framer = Framer(self._wishes.audio)
        self._items = Items()
        self._items.beta = beta
        self._samples = 0
        self._new_ms = 0.0  # appended since the last commit or clear
        self._requests = 0
        self._waiting = 0
        self._events = 0
        self._session = ""
        self._model = ""

    # -- coming in -----------------------------------------------------------------------------

    def secret(self, offered: Sequence[str]) -> str | None:
        """Return what a page puts into a subprotocol: a key, or a client secret's token."""
        found = (it for it in offered if it.startswith(SUBPROTOCOL_KEY))
        text = next(found, None)
        return None if text is None else unwrapped(text.removeprefix(SUBPROTOCOL_KEY))[0]

    def opening(self, query: Sequence[tuple[str, str]]) -> Start | None:
        """Begin at once; ``model`` is whatever the server has."""
        intent = dict(query).get("intent", "transcription")
        if intent != "transcription":
            raise BadConfiguration(
                f"intent: {shown(intent)} is not 'transcription'", field="intent"
            )
        audio = {"encoding": "pcm_f32le", "sample_rate": 1000 * SAMPLES_PER_MS, "channels": 1}
        self._apply(self._wishes)
        return Start({**self._wishes.options(self._defaults), "audio": audio})

    # -- what the client says ------------------------------------------------------------------

    def text(self, message: str) -> Sequence[Command]:
        """Read an event; what is wrong with it is told, and the session goes on."""
        event_id = None
        try:
            event = _event(message)
            event_id = _event_id(event)
            return self._obey(event, event_id)
        except (BadMessage, BadConfiguration, UnsupportedAudio, QuotaExceeded) as error:
            return [Aside(_Wrong(error, event_id))]

    def binary(self, message: bytes) -> Sequence[Command]:
        """Say that this is no way to send audio."""
        error = BadMessage("message: is binary; send audio in input_audio_buffer.append")
        return [Aside(_Wrong(error, None))]

    def _obey(self, event: Mapping[str, Any], event_id: str | None) -> Sequence[Command]:
        match event.get("type"):
            case "session.update" | "transcription_session.update" as kind:
                return self._update(event, event_id, beta=kind != "session.update")
            case "input_audio_buffer.append":
                return self._append(event.get("audio"))
            case "input_audio_buffer.commit":
                if self._new_ms < _LEAST_COMMIT_MS:
                    error = BadMessage(
                        f"input_audio_buffer.commit: the buffer holds {self._new_ms:.0f} ms of "
                        f"audio, and at least {_LEAST_COMMIT_MS} ms are needed"
                    )
                    return [Aside(_Wrong(error, event_id, "input_audio_buffer_commit_empty"))]
                return self._cut(_Committed)
            case "input_audio_buffer.clear":
                return self._cut(_Cleared)
        raise BadMessage(
            f"type: {shown(event.get('type'))} is not one of {', '.join(_EVENTS)}", field="type"
        )

    def _update(
        self, event: Mapping[str, Any], event_id: str | None, *, beta: bool
    ) -> Sequence[Command]:
        before, wishes = self._wishes, self._wishes.changed(event.get("session"))
        audio: list[Command] = []
        if wishes.audio != before.audio:
            audio = self._samples_of(self._framer.flush())
            self._framer = Framer(wishes.audio)
        self._wishes = wishes
        options = wishes.options(self._defaults)
        change = _Change(options, before=before, beta=beta, event_id=event_id)
        return [*audio, change, Aside(_Updated(wishes, beta))]

    def _append(self, audio: object) -> Sequence[Command]:
        if not isinstance(audio, str):
            raise BadMessage(f"audio: {shown(audio)} is not base64 text", field="audio")
        try:
            data = base64.b64decode(audio, validate=True)
        except ValueError:
            raise BadMessage("audio: is not valid base64", field="audio") from None
        duration_ms = len(data) * 1000 / self._framer.format.bytes_per_second
        if duration_ms > _LONGEST_APPEND_MS:
            raise QuotaExceeded(
                f"audio: {duration_ms:.0f} ms in one event are more than {_LONGEST_APPEND_MS}",
                field="audio",
            )
        self._new_ms += duration_ms
        return self._samples_of(self._framer.push(data))

    def _samples_of(self, block: npt.NDArray[np.float32]) -> list[Command]:
        self._samples += block.shape[1]
        return [Audio(block.astype("<f4").tobytes())] if block.size else []

    def _cut(self, kind: type[_Committed] | type[_Cleared]) -> Sequence[Command]:
        if self._waiting >= _MOST_COMMITS:
            raise QuotaExceeded(f"{_MOST_COMMITS} commits and clears wait for their text")
        self._waiting += 1
        self._requests += 1
        self._new_ms = 0.0
        rest = self._samples_of(self._framer.flush())
        request = f"cut-{self._requests}"
        return [
            *rest,
            Aside(kind(self._samples // SAMPLES_PER_MS, request)),
            Finalize(request),
        ]

    def forgive(self, command: Command, error: WirescribeError) -> Aside | None:
        """Say what is wrong with an update, which then has not been; nothing else is forgiven."""
        if not isinstance(command, _Change) or not isinstance(error, RequestError):
            return None
        self._wishes = command.before
        if command.before.audio != self._framer.format:
            self._framer = Framer(command.before.audio)
        return Aside(_Wrong(in_their_words(error, beta=command.beta), command.event_id))

    # -- what the server says ------------------------------------------------------------------

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[str]:
        """Write events; what OpenAI has no word for is not told."""
        match notice:
            case Started():
                self._session, self._model = notice.session_id, notice.model
                self._items.prefix = f"item_{notice.session_id}"
                return [self._about_session("created")]
            case Aside(what):
                return self._aside(what)
            case Queued() | Ack() | Ended():
                return []
            case Finalized(str()):
                self._waiting -= 1
        return self._all(self._items.hear(notice))

    def error(self, error: WirescribeError) -> Sequence[str]:
        """Write the turns that no text will come of, and why the connection is closed."""
        failed = self._items.failed(error_object(error))
        return self._all([*failed, ("error", {"error": error_fields(error)})])

    def denial(self, error: WirescribeError) -> Denial:
        """Return a refusal as OpenAI's HTTP has it."""
        return Denial(error.http_status, {"error": error_object(error)})

    def _aside(self, what: object) -> Sequence[str]:
        match what:
            case _Updated(wishes, beta):
                self._items.beta = beta
                self._apply(wishes)
                return [self._about_session("updated")]
            case _Committed(at_ms, request):
                return self._all(self._items.commit(at_ms, request))
            case _Cleared(at_ms, request):
                return self._all(self._items.clear(at_ms, request))
            case _Wrong(error, event_id, code):
                return self._all([("error", {"error": error_fields(error, event_id, code)})])
        raise TypeError(f"{type(what).__name__} is nothing to say")

    def _apply(self, wishes: Wishes) -> None:
        self._told = wishes
        self._items.manual = wishes.turns.manual
        self._items.logprobs = wishes.logprobs

    def _about_session(self, what: str) -> str:
        beta = self._items.beta
        session = self._told.shown(f"sess_{self._session}", self._model, self._defaults, beta=beta)
        kind = f"transcription_session.{what}" if beta else f"session.{what}"
        return self._written(kind, {"session": session})

    def _all(self, said: Iterable[Said]) -> Sequence[str]:
        return [self._written(kind, fields) for kind, fields in said]

    def _written(self, kind: str, fields: Mapping[str, Any]) -> str:
        self._events += 1
        event = {"type": kind, "event_id": f"event_{self._session}_{self._events}", **fields}
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _event(message: str) -> Mapping[str, Any]:
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        raise BadMessage(f"message: {shown(message)} is not JSON", field="message") from None
    if not isinstance(event, dict):
        raise BadMessage(f"message: {shown(event)} is not an object", field="message")
    return event


def _event_id(event: Mapping[str, Any]) -> str | None:
    """Return the client's own name of the event; a half surrogate could not be sent back."""
    name = event.get("event_id")
    good = isinstance(name, str) and len(name) <= _LONGEST_ID and name.isprintable()
    return name if good else None
