"""The recorded exchanges hold: played without a socket, and over one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming.audio.formats import AudioFormat
from streaming.engine.fake import FakeEngine
from tests.integration.harness import Running, client, serving
from tests.protocol import record
from tests.protocol.exchange import (
    GOLDEN,
    Line,
    Replay,
    client_side,
    golden_files,
    load,
    masked,
    save,
    scripted,
    sound,
)
from tests.protocol.schema import CLOSE_CODES, REQUIRED, Transcript

EXCHANGES = pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.stem)


@EXCHANGES
def test_played_through_codec_and_session_alone(path: Path) -> None:
    lines = load(path)
    assert Replay().play(lines) == lines


@EXCHANGES
def test_every_recorded_event_keeps_to_the_schema(path: Path) -> None:
    lines = load(path)
    transcript = Transcript()
    for line in lines:
        if "server" in line:
            transcript.add(line["server"])
    last = transcript.events[-1]
    closed = next(line["closed"] for line in lines if "closed" in line)
    assert closed == (1000 if last["type"] == "ended" else CLOSE_CODES[last["code"]])


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serving(FakeEngine(scripted)) as running:
        yield running


# Whether a client waits for a place hangs on others: tests/integration/test_admission.py has them.
@pytest.mark.parametrize(
    "path",
    [path for path in golden_files() if not any("waits" in line for line in load(path))],
    ids=lambda path: path.stem,
)
async def test_played_over_a_socket(path: Path, server: Running) -> None:
    """The same, but for what hangs on the moment: partials and acks."""
    lines = load(path)
    query = next((line["query"] for line in lines if "query" in line), "")
    async with client(f"{server.url}?{query}") as it:
        for line in client_side(lines):
            if "client" in line:
                await it.send(json.dumps(line["client"]))
            elif "client_text" in line:
                await it.send(line["client_text"])
            elif "client_audio" in line:
                await it.send(sound(line["client_audio"], _format(lines)))
        closed = await it.rest()
    said = [masked(event) for event in it.transcript.events]
    expected = [line["server"] for line in lines if "server" in line]
    for kind in REQUIRED.keys() - {"partial", "ack"}:
        assert _by_channel(said, kind) == _by_channel(expected, kind)
    assert closed == next(line["closed"] for line in lines if "closed" in line)


def _by_channel(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Events of a type without their numbers; between channels there is no order."""
    found = [
        {name: value for name, value in event.items() if name != "seq"}
        for event in events
        if event["type"] == kind
    ]
    return sorted(found, key=lambda event: event.get("channel", 0))


def _format(lines: list[Line]) -> AudioFormat:
    """The format a recorded client has asked for."""
    replay = Replay()
    replay.play([line for line in lines if "query" in line or line.get("client", {}).get("audio")])
    return replay.audio


def test_recording_writes_what_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.jsonl"
    whole = load(golden_files()[0])
    save(path, client_side(whole))
    monkeypatch.setattr(record, "golden_files", lambda folder: [path] if folder == GOLDEN else [])
    assert record.main(["one"]) == 0
    assert load(path) == whole
    assert record.main(["two"]) == 1


def test_every_type_of_message_is_recorded() -> None:
    lines = [line for path in golden_files() for line in load(path)]
    assert {line["server"]["type"] for line in lines if "server" in line} == REQUIRED.keys() - {
        "ack"
    }
    assert {line["client"]["type"] for line in lines if "client" in line} >= {
        "start",
        "configure",
        "finalize",
        "keepalive",
        "end",
    }
