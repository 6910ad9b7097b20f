"""Deepgram's live protocol, ``/v1/listen``, as its own SDKs speak it.

Everything about a stream stands in the query; ``docs/deepgram.md`` lists what is taken. Results
replace one another until one ``is_final``; an utterance is all finals up to one that is
``speech_final``.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from streaming import events
from streaming.errors import BadConfiguration, WirescribeError, shown
from streaming.events import EndReason
from streaming.transports import deepgram_refusals
from streaming.transports.codec import (
    Aside,
    Audio,
    Codec,
    Coded,
    Command,
    Configure,
    Denial,
    End,
    Finalize,
    KeepAlive,
    Notice,
    Start,
    Started,
)
from streaming.transports.deepgram_configure import not_configured, read_configure
from streaming.transports.deepgram_mixing import Mixer
from streaming.transports.deepgram_options import Listen, read_query
from streaming.transports.deepgram_refusals import unread
from streaming.transports.deepgram_results import Writing
from streaming.transports.deepgram_speaking import Speaking

_IDLE_MS: Final = 10_000
_MESSAGES: Final = "CloseStream, Configure, Finalize, KeepAlive"


@dataclass(frozen=True, slots=True)
class _Tick:
    """So much audio has been sent: an utterance may be over."""

    received_ms: int


class DeepgramCodec(Codec):
    """One connection's exchange."""

    name = "deepgram"
    subprotocol: str | None = "token"
    by_handshake = True
    idle_ms = _IDLE_MS

    def __init__(self, request_id: str | None = None, created: str | None = None) -> None:
        self._request_id = request_id or str(uuid.uuid4())
        self.headers: Mapping[str, str] = {"dg-request-id": self._request_id}
        self._listen = Listen({})
        self._writing = Writing(self._request_id, created or _now(), self._listen)
        self._mixer: Mixer | None = None
        self._channels = [Speaking()]
        self._sha256 = hashlib.sha256()
        self._bytes = 0  # of audio, decoded if it was coded
        self._heard_ms = 0
        self._asked = 0
        self._finalizing = 0

    # -- coming in -----------------------------------------------------------------------------

    def secret(self, offered: Sequence[str]) -> str | None:
        """``token, KEY``, as pages send it, or ``bearer, TOKEN``."""
        if len(offered) == 2 and offered[0] in ("token", "bearer"):
            self.subprotocol = offered[0]
            return offered[1]
        return None

    def opening(self, query: Sequence[tuple[str, str]]) -> Start | None:
        """Everything: no message can say more of it."""
        self._listen = self._writing.listen = listen = read_query(query)
        sound = listen.sound
        self.coding = sound.coding
        self._channels = [Speaking() for _ in range(sound.heard)]
        self._writing.channels = sound.heard
        if sound.mixed:
            self._mixer = Mixer(sound.encoding, sound.channels)
        return Start(listen.options)

    # -- what the client says ------------------------------------------------------------------

    def text(self, message: str) -> Sequence[Command]:
        """Read a control message; one that can't be read is told so, and the stream goes on."""
        try:
            fields = json.loads(message)
        except (ValueError, RecursionError):
            return [unread(message, "is not JSON")]
        if not isinstance(fields, dict):
            return [unread(message, "is not an object")]
        match fields.get("type"):
            case "KeepAlive":
                return [KeepAlive()]
            case "Finalize":
                self._asked += 1
                self._finalizing += 1
                return [Finalize(str(self._asked))]
            case "CloseStream":
                return [End()]
            case "Configure":
                return read_configure(message, fields, self._request_id)
            case other:
                return [unread(message, f"type {shown(other)} is not one of {_MESSAGES}")]

    def binary(self, message: bytes) -> Sequence[Command]:
        """Take audio; nothing at all is how old clients said ``CloseStream``."""
        if not message:
            return [End()]
        self._sha256.update(message)
        if self.coding is not None:
            return [Coded(message)]
        return self._heard(
            len(message), message if self._mixer is None else self._mixer.push(message)
        )

    def decoded(self, sound: bytes) -> Sequence[Command]:
        """Take what has become of coded audio."""
        return self._heard(len(sound), sound)

    def _heard(self, size: int, sound: bytes) -> Sequence[Command]:
        self._bytes += size
        received_ms = self._bytes * 1000 // self._listen.sound.bytes_per_second
        tick = [Aside(_Tick(received_ms))] if self._due(received_ms) else []
        return [Audio(sound), *tick]

    def forgive(self, command: Command, error: WirescribeError) -> Aside | None:
        """A ``Configure`` that can't be had leaves things as they were."""
        if isinstance(command, Configure) and isinstance(error, BadConfiguration):
            return not_configured(error, self._request_id)
        return None

    # -- what the session says -----------------------------------------------------------------

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[str]:
        """Write what Deepgram has words for."""
        return [_json(message) for message in self._messages(notice)]

    def _messages(self, notice: Notice) -> Sequence[Mapping[str, Any]]:
        listen = self._listen
        match notice:
            case Started(model=model):
                self._writing.model = model
            case events.SpeechStarted(channel, at_ms):
                self._channels[channel].began()
                if listen.vad_events:
                    at = {"channel": self._writing.index(channel), "timestamp": at_ms / 1000}
                    return [{"type": "SpeechStarted", **at}]
            case events.SpeechEnded(channel):
                self._channels[channel].ended()
            case events.Partial():
                if listen.interim and self._channels[notice.channel].held is None:
                    return [self._writing.interim(notice)]
            case events.Final():
                return [*self._final(notice), *self._utterances_over()]
            case events.Suppressed():
                return self._suppressed(notice)
            case events.Finalized(request, through_ms) if request is not None:
                return [*self._finalized(through_ms), *self._utterances_over()]
            case events.Ended(audio_ms):
                sha256 = self._sha256.hexdigest()
                return [*self._released(), self._writing.metadata(audio_ms, sha256)]
            case Aside(_Tick(received_ms)):
                self._heard_ms = received_ms
                return self._utterances_over()
            case Aside(what):
                return [what]
        return []

    def _final(self, it: events.Final) -> Sequence[Mapping[str, Any]]:
        state = self._channels[it.channel]
        state.heard(it)
        if not self._finalizing:
            return [self._whole(it)]
        # The answer to Finalize comes right behind the last final that belongs to it.
        earlier, state.held = state.held, it
        return [] if earlier is None else [self._whole(earlier)]

    def _whole(self, it: events.Final, *, from_finalize: bool = False) -> Mapping[str, Any]:
        over = from_finalize or it.reason is not EndReason.MAX_LENGTH
        speech_final = over and (self._listen.endpointing or it.reason is not EndReason.SILENCE)
        self._channels[it.channel].unended = not speech_final
        return self._writing.final(it, speech_final=speech_final, from_finalize=from_finalize)

    def _suppressed(self, it: events.Suppressed) -> Sequence[Mapping[str, Any]]:
        state = self._channels[it.channel]
        state.suppressed()
        if not state.unended or self._finalizing or not self._listen.endpointing:
            return self._utterances_over()
        state.unended = False  # it ends what came before it
        span_ms = it.start_ms, it.end_ms
        ending = self._writing.results(it.channel, span_ms, "", is_final=True, speech_final=True)
        return [ending, *self._utterances_over()]

    def _finalized(self, through_ms: int) -> Sequence[Mapping[str, Any]]:
        self._finalizing -= 1
        return [
            self._answer(channel, state, through_ms) for channel, state in enumerate(self._channels)
        ]

    def _answer(self, channel: int, state: Speaking, through_ms: int) -> Mapping[str, Any]:
        held, state.held = state.held, None
        if held is not None:
            return self._whole(held, from_finalize=True)
        state.unended = False
        return self._writing.results(
            channel, (through_ms, through_ms), "",
            is_final=True, speech_final=True, from_finalize=True,
        )  # fmt: skip

    def _released(self) -> Sequence[Mapping[str, Any]]:
        """Finals that were held back for an answer that won't come."""
        held = [state.held for state in self._channels if state.held is not None]
        for state in self._channels:
            state.held = None
        return [self._whole(final) for final in held]

    def _due(self, received_ms: int) -> list[int]:
        silence_ms = self._listen.utterance_end_ms
        if silence_ms is None:
            return []
        due = [state.due_at(silence_ms) for state in self._channels]
        return [n for n, at in enumerate(due) if at is not None and at <= received_ms]

    def _utterances_over(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "type": "UtteranceEnd",
                "channel": self._writing.index(channel),
                "last_word_end": self._channels[channel].over() / 1000,
            }
            for channel in self._due(self._heard_ms)
        ]

    # -- refusals ------------------------------------------------------------------------------

    def error(self, error: WirescribeError) -> Sequence[str]:
        """Write why it ends; of a silent client nothing is said but in the close frame."""
        told = [*self._released(), *deepgram_refusals.farewell(error)]
        return [_json(message) for message in told]

    def close(self, error: WirescribeError) -> tuple[int, str]:
        """Deepgram's codes: 1008 for what no second try makes good, 1011 and its like else."""
        return deepgram_refusals.close(error)

    def denial(self, error: WirescribeError) -> Denial:
        """Deepgram's answer to an upgrade that is refused."""
        return deepgram_refusals.denial(error, self._request_id)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
