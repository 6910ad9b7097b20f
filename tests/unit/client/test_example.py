from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from tests.support.scripted import ScriptedSession, scripted_server_thread
from tests.support.server import ROOT


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(4000))
    return path


def run_example(recording: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "stream_file.py"), str(recording), url],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_file_example_prints_what_is_heard(recording: Path) -> None:
    heard: list[ScriptedSession] = []

    async def script(session: ScriptedSession) -> None:
        heard.append(session)
        await session.begin()
        await session.until("end")
        final = {"segment": 0, "channel": 0, "start_ms": 40, "end_ms": 250, "text": " Hello."}
        await session.send({"type": "final", **final})
        await session.finish(bytes_per_ms=16, segments=1, words=1)

    with scripted_server_thread(script) as url:
        done = run_example(recording, url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "   0.04 s  Hello.\n", "")
    assert bytes(heard[0].audio) == bytes(4000)
    assert heard[0].chunks == [1600, 1600, 800]
    assert heard[0].start["audio"]["sample_rate"] == 8000


def test_the_file_example_says_why_it_can_not(recording: Path) -> None:
    async def script(session: ScriptedSession) -> None:
        await session.socket.recv()
        await session.send({"type": "error", "code": "overloaded", "message": "no room"})
        await session.socket.close(1013)

    with scripted_server_thread(script) as url:
        done = run_example(recording, url)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "overloaded: no room\n")
