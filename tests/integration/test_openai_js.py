"""The ``openai`` package for JavaScript as it is, where ``npm ci`` ran in ``tests/sdk``."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming.auth.keys import digest_of, new_key
from tests.integration.harness import WAIT_S, Running, serving
from tests.protocol.sounds import spoken

SDK = Path(__file__).parents[1] / "sdk"
TLS = Path(__file__).parents[1] / "support" / "tls"
SECRET = new_key()


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    """A server with a key, and TLS: the package has no WebSocket without it."""
    if shutil.which("node") is None or not (SDK / "node_modules" / "openai").is_dir():
        pytest.skip("no Node.js, or `npm ci` has not been run in tests/sdk")
    files = {"tls_certfile": TLS / "cert.pem", "tls_keyfile": TLS / "key.pem"}
    with serving(auth={"keys": (f"app:{digest_of(SECRET)}",)}, server=files) as running:
        yield running


def run(script: str, server: Running, recording: Path) -> list[Any]:
    """Run a script as its user would; the lines that it printed."""
    address = f"https://localhost:{server.port}/v1"
    ran = subprocess.run(
        ["node", str(SDK / script), address, str(recording)],
        env={
            **os.environ,
            "OPENAI_API_KEY": SECRET,
            "NODE_EXTRA_CA_CERTS": str(TLS / "cert.pem"),
        },
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_realtime(locked: Running, tmp_path: Path) -> None:
    recording = tmp_path / "a.pcm"
    recording.write_bytes(spoken(1_200, then_silent_ms=1_500, rate=24_000))
    events = run("openai_realtime.cjs", locked, recording)
    done, deltas = events[-1], [it for it in events if it["type"].endswith(".delta")]
    assert done["transcript"] == "w0 w1 w2"
    assert "".join(it["delta"] for it in deltas) == done["transcript"]
    assert {it["item_id"] for it in deltas} == {done["item_id"]}
    assert events[0]["type"] == "session.created"


def test_recordings(locked: Running, tmp_path: Path) -> None:
    recording, sound = tmp_path / "a.wav", io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(spoken(1_200, then_silent_ms=1_000))
    recording.write_bytes(sound.getvalue())
    plain, events, detailed = run("openai_files.cjs", locked, recording)
    assert plain["text"] == "w0 w1 w2"
    *deltas, done = events
    assert done["type"] == "transcript.text.done"
    assert done["text"] == "".join(it["delta"] for it in deltas) == plain["text"]
    assert [word["word"] for word in detailed["words"]] == plain["text"].split()
