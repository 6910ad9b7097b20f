"""The load harness against a server of its own: a scenario with its targets, and a short search."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from typing import Any

import pytest

from load import capacity, run
from load.cli import main
from tests.integration.process import server_process
from tests.protocol.sounds import spoken

# Of what is played; a fake engine has no need of longer.
SPEED = "4"
SCENARIO = """
description = "One recording at a time, as far as the fake engine understands it."

[sources]
manifest = "manifest.jsonl"

[layout]
mode = "files"
streams = 2

[session]
silence_ms = 200

[pace]
phase_s = 0.1

[targets]
first_shown_p95_s = 100.0
error_rate = 0
lost_s = 0
failed = 0
"""


def a_manifest(folder: Path, *, recordings: int) -> None:
    """Recordings in which the fake engine hears ``w0 w1 w2``, a word for each 400 ms."""
    rows = []
    for number in range(recordings):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(spoken(1_200))
        row = {"file": f"{number}.wav", "set": "made", "language": "en", "duration_s": 1.2}
        rows.append(row | {"text": "w0 w1 w2", "word_ends": [0.4, 0.8, 1.2]})
    lines = "\n".join(map(json.dumps, rows))
    (folder / "manifest.jsonl").write_text(lines, encoding="utf-8")
    (folder / "mine.toml").write_text(SCENARIO, encoding="utf-8")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses before and between runs are for machines that must come to rest."""
    monkeypatch.setattr(run, "_LEAD_S", 0.2)
    monkeypatch.setattr(capacity, "_REST_S", 0.0)


async def harness(*arguments: str) -> int:
    """The command line, in a thread: it runs an event loop of its own."""
    return await asyncio.to_thread(main, list(arguments))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


async def test_a_scenario_and_a_search(tmp_path: Path) -> None:
    a_manifest(tmp_path, recordings=2)
    scenario = str(tmp_path / "mine.toml")
    out, page = tmp_path / "run.json", tmp_path / "run.html"
    async with server_process("--port", "0") as server:
        await server.ready()
        given = ["--scenario", scenario, "--url", server.url, "--speed", SPEED]
        code = await harness("run", *given, "--json", str(out), "--html", str(page))
        report = read(out)
        assert code == 0, report["targets"]
        assert all(target["held"] for target in report["targets"])
        assert report["summary"]["sessions"] == 2
        assert [stream["counted_ms"] for stream in report["streams"]] == [1200, 1200]
        assert report["summary"]["coverage"] == 1.0
        assert report["server"]["model"] == "fake"
        assert report["split"] is not None, "the server counts its stages at /metrics"
        assert report["summary"]["cost"]["rss_after_mib"] > 0
        assert "Word first shown over the run" in page.read_text(encoding="utf-8")

        found = tmp_path / "capacity.json"
        bounds = ["--most-streams", "2", "--repeats", "1", "--most-minutes", "2"]
        code = await harness("capacity", *given, *bounds, "--json", str(found))
        search = read(found)
        assert code == 0, search["probes"]
        assert [probe["streams"] for probe in search["probes"]] == [1, 2]
        assert search["capacity"] == 2


async def test_push_to_talk_is_answered_each_time(tmp_path: Path) -> None:
    a_manifest(tmp_path, recordings=3)
    out = tmp_path / "run.json"
    async with server_process("--port", "0") as server:
        await server.ready()
        code = await harness(
            *("run", "--scenario", "push-to-talk", "--no-targets", "--url", server.url),
            *("--manifest", str(tmp_path / "manifest.jsonl"), "--streams", "1"),
            *("--seconds", "4", "--pause", "0.2", "--speed", SPEED, "--json", str(out)),
        )
    report = read(out)
    assert code == 0, report["summary"]
    assert report["summary"]["finalized"]["count"] == 3
    assert report["summary"]["breaches"] == {}


async def test_a_short_soak_counts_every_millisecond(tmp_path: Path) -> None:
    a_manifest(tmp_path, recordings=2)
    out, page = tmp_path / "soak.json", tmp_path / "soak.html"
    async with server_process("--port", "0") as server:
        await server.ready()
        code = await harness(
            *("soak", "--manifest", str(tmp_path / "manifest.jsonl"), "--url", server.url),
            *("--streams", "2", "--minutes", "0.1", "--lap", "2", "--phase", "0.1"),
            *("--speed", SPEED, "--json", str(out), "--html", str(page)),
        )
    soak = read(out)
    assert code == 0, soak["sessions"]
    assert len(soak["sessions"]) == 2
    for session in soak["sessions"]:
        assert session["exact"]
        assert session["sent_ms"] >= 6000 - 300  # to the end of an utterance, past a gap
    assert "counted exactly the audio" in page.read_text(encoding="utf-8")
