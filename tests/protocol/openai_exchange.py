"""Recorded exchanges of OpenAI's Realtime dialect, replayed without a socket.

A file of ``golden_openai/`` holds one exchange: ``{"client": {…}}`` for what ``openai``'s own
package sends, ``{"append": {"speech_ms": 800, "silence_ms": 700}}`` for its audio (24 kHz, 16 bit),
and ``{"server": {…}}`` for what follows. ``python -m tests.protocol.openai_exchange`` plays the
client's lines again and writes the server's anew: look at the difference.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streaming.engine.fake import FakeEngine
from streaming.errors import RequestError
from streaming.options import parse_configure, parse_start
from streaming.session import Session
from streaming.transports.codec import (
    Aside,
    Audio,
    Command,
    Configure,
    Finalize,
    Notice,
    Start,
    Started,
)
from streaming.transports.openai_realtime.codec import OpenAIRealtimeCodec
from streaming.vad import VadConfig, VadMode
from tests.protocol.exchange import Line, load, save, scripted
from tests.protocol.sounds import encoded, silence, speech

FOLDER = Path(__file__).parent / "golden_openai"
_RATE = 24_000
_SLICE = 200 * 16 * 4


def replayed(lines: Sequence[Line]) -> list[Line]:
    """All lines of the exchange, the client's and the answers to them."""
    codec, engine = OpenAIRealtimeCodec(), FakeEngine(scripted)
    start = codec.opening([("intent", "transcription")])
    assert isinstance(start, Start)
    config = parse_start(start.options, languages=engine.info.languages)
    session = Session(config, vad=VadConfig(mode=VadMode.WEBRTC))
    whole = _written(codec, Started("id", "token", engine.info.model, "cpu", "auto", {}))
    for line in lines:
        if "server" in line:
            continue
        whole.append(line)
        for command in codec.text(json.dumps(_message(line))):
            try:
                for notice in _obeyed(session, engine, command):
                    whole += _written(codec, notice)
            except RequestError as error:  # what else the message asks for is left out
                pardon = codec.forgive(command, error)
                assert pardon is not None
                whole += _written(codec, pardon)
                break
    return whole


def _message(line: Line) -> Any:
    if "client" in line:
        return line["client"]
    said, silent = (line["append"].get(name, 0) for name in ("speech_ms", "silence_ms"))
    samples = np.concatenate((speech(said, _RATE), silence(silent, _RATE)))
    audio = base64.b64encode(encoded(samples)).decode()
    return {"type": "input_audio_buffer.append", "audio": audio}


def _obeyed(session: Session, engine: FakeEngine, command: Command) -> Iterator[Notice]:
    match command:
        case Aside():
            yield command
        case Audio(data):
            for at in range(0, len(data), _SLICE):
                yield from session.receive_audio(data[at : at + _SLICE])
                yield from _decoded(session, engine)
        case Finalize(name):
            yield from session.finalize(name)
        case Configure(options):
            languages = engine.info.languages
            session.configure(parse_configure(options, session.config, languages=languages))
    yield from _decoded(session, engine)


def _decoded(session: Session, engine: FakeEngine) -> Iterator[Notice]:
    while requests := list(session.work()):
        for request in requests:
            session.begin(request)
            yield from session.work_done(request, engine.decode([request])[0])


def _written(codec: OpenAIRealtimeCodec, notice: Notice) -> list[Line]:
    return [{"server": json.loads(text)} for text in codec.write(notice)]


def exchanges() -> list[Path]:
    """All that are recorded."""
    return sorted(FOLDER.glob("*.jsonl"))


def main() -> int:
    """Record all anew."""
    for path in exchanges():
        before = load(path)
        after = replayed(before)
        save(path, after)
        sys.stdout.write(f"{path.stem}: {'as before' if after == before else 'changed'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
