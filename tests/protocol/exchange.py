"""Recorded exchanges of the native dialect: reading them, and replaying them without any socket.

A file of ``golden/`` holds one exchange, one JSON object a line:

``{"about": "…"}``
    what it shows; the first line
``{"query": "language=en"}``
    the connection's query
``{"client": {…}}``, ``{"client_text": "…"}``
    a message, or text that is none
``{"client_audio": {"speech_ms": 800, "silence_ms": 700}}``
    sound in the session's format: speech, then silence; ``gain`` makes it louder, ``hex`` is taken
    as it is, ``channels`` is a list of these
``{"waits": {"position": 2, "eta_ms": 4000}}``
    there is no place yet
``{"server": {…}}``, ``{"closed": 1000}``
    what follows, with ids masked

``python -m tests.protocol.record`` plays the client's lines again and writes the server's anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from streaming.audio.formats import AudioFormat
from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from streaming.errors import BadMessage, RequestError, WirescribeError
from streaming.events import Ended, Event
from streaming.options import parse_configure, parse_start
from streaming.session import Phase, Session
from streaming.settings import Settings
from streaming.transports.codec import (
    Aside,
    Audio,
    Codec,
    Coded,
    Command,
    Configure,
    End,
    Finalize,
    KeepAlive,
    Notice,
    Queued,
    Start,
    Started,
)
from streaming.transports.native import NativeCodec
from streaming.transports.outbox import lasts
from streaming.vad import VadConfig, VadMode
from tests.protocol.sounds import Samples, encoded, interleaved, silence, speech

GOLDEN = Path(__file__).parent / "golden"
MASK = "…"
_SLICE_MS = 200  # what the pump takes at once
_LIMITS = Settings().limits

Line = dict[str, Any]


def golden_files(folder: Path = GOLDEN) -> list[Path]:
    """All recorded exchanges of the native dialect; of another, those in its folder."""
    return sorted(folder.glob("*.jsonl"))


def load(path: Path) -> list[Line]:
    """An exchange's lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def save(path: Path, lines: Sequence[Line]) -> None:
    """Write an exchange."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def client_side(lines: Sequence[Line]) -> list[Line]:
    """What is not the server's."""
    return [line for line in lines if "server" not in line and "closed" not in line]


def masked(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what differs each time, or with each version."""
    secret = {"session_id", "resume_token", "version"}
    return {
        name: MASK if name in secret else masked(value) if isinstance(value, dict) else value
        for name, value in event.items()
    }


def scripted(request: DecodeRequest) -> Hypothesis:
    """Count the words; but in what the prompt calls a hum, there are none."""
    heard = count_words(request)
    if request.prompt == "hum":
        return Hypothesis("", (), heard.language, heard.language_confidence)
    return heard


def sound(asked: dict[str, Any], audio: AudioFormat) -> bytes:
    """The bytes of an audio line."""
    if "hex" in asked:
        return bytes.fromhex(asked["hex"])
    channels = [_samples(one, audio.sample_rate) for one in asked.get("channels", [asked])]
    return encoded(interleaved(*channels), audio.encoding.value)


def _samples(asked: dict[str, Any], rate: int) -> Samples:
    parts = (speech(asked.get("speech_ms", 0), rate), silence(asked.get("silence_ms", 0), rate))
    joined: Samples = np.concatenate(parts) * np.float32(asked.get("gain", 1))
    return joined


class Replay:
    """One exchange, played through codec, session and engine alone: no socket, no clock."""

    def __init__(self, codec: Codec | None = None) -> None:
        self._codec: Codec = codec or NativeCodec()
        self._engine = FakeEngine(scripted)
        self._session: Session | None = None
        self._seq = 0
        self.closed: int | None = None

    @property
    def audio(self) -> AudioFormat:
        """The format that audio lines are written in."""
        return self._session.config.audio if self._session else AudioFormat()

    def play(self, lines: Sequence[Line]) -> list[Line]:
        """All lines of the exchange, the client's and the answers to them."""
        whole: list[Line] = []
        for line in client_side(lines):
            whole.append(line)
            if self.closed is None:
                whole += [{"server": masked(event)} for event in self._answers(line)]
                whole += self._ending()
        return whole

    def _ending(self) -> list[Line]:
        return [] if self.closed is None else [{"closed": self.closed}]

    def _answers(self, line: Line) -> Iterator[dict[str, Any]]:
        try:
            if "waits" in line:
                yield from self._written(Queued(**line["waits"]))
            for command in self._commands(line):
                for notice in self._obey(command):
                    yield from self._written(notice)
                    if isinstance(notice, Ended):
                        self.closed = 1000
        except WirescribeError as error:
            if self._session is not None and isinstance(error, RequestError):
                for notice in [*self._session.finalize(None), *self._decoded(self._session)]:
                    yield from self._written(notice)
            yield from map(json.loads, self._codec.error(error))
            self.closed = self._codec.close(error)[0]

    def _written(self, notice: Notice) -> Iterator[dict[str, Any]]:
        self._seq += lasts(notice)
        numbered = self._seq if lasts(notice) else None
        yield from map(json.loads, self._codec.write(notice, numbered))

    def _commands(self, line: Line) -> Sequence[Command]:
        if "query" in line:
            opening = self._codec.opening(parse_qsl(line["query"], keep_blank_values=True))
            return [] if opening is None else [opening]
        if "client" in line:
            return self._codec.text(json.dumps(line["client"]))
        if "client_text" in line:
            return self._codec.text(line["client_text"])
        if "client_audio" in line:
            said = self._codec.binary(sound(line["client_audio"], self.audio))
            return [command for each in said for command in self._decoded_audio(each)]
        return []

    def _decoded_audio(self, command: Command) -> Sequence[Command]:
        """What is coded is sound here already."""
        return self._codec.decoded(command.data) if isinstance(command, Coded) else [command]

    def _obey(self, command: Command) -> Iterator[Notice]:
        if isinstance(command, KeepAlive):
            return
        if isinstance(command, Start):
            if self._session is not None:
                raise BadMessage("type: 'start' came twice, or after audio", field="type")
            yield self._begin(command)
            return
        if self._session is None:
            yield self._begin(Start({}))
        session = self._session
        assert session is not None
        if session.phase is not Phase.OPEN:
            return
        match command:
            case Audio(data):
                size = self.audio.bytes_per_second * _SLICE_MS // 1000
                for at in range(0, len(data), size):
                    yield from session.receive_audio(data[at : at + size])
                    yield from self._decoded(session)
            case Configure(options):
                languages = self._engine.info.languages
                session.configure(parse_configure(options, session.config, languages=languages))
            case Finalize(request_id):
                yield from session.finalize(request_id)
            case End():
                yield from session.end()
            case Aside():
                yield command
        yield from self._decoded(session)

    def _begin(self, start: Start) -> Started:
        info = self._engine.info
        config = parse_start(start.options, languages=info.languages)
        self._session = Session(config, vad=VadConfig(mode=VadMode.WEBRTC))
        limits = {
            name: getattr(_LIMITS, name)
            for name in (
                "max_session_ms",
                "max_idle_ms",
                "max_message_bytes",
                "max_backlog_ms",
                "max_bytes_per_s",
            )
        }
        language = config.language or "auto"
        return Started("id", "token", info.model, info.device, language, limits)

    def _decoded(self, session: Session) -> Iterator[Event]:
        while requests := list(session.work()):
            for request in requests:
                session.begin(request)
                yield from session.work_done(request, self._engine.decode([request])[0])
