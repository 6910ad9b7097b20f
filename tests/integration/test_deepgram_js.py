"""The ``@deepgram/sdk`` package as it is, where ``npm ci`` has been run in ``tests/sdk``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from streaming.auth.keys import digest_of, new_key
from tests.integration.harness import WAIT_S, serving
from tests.protocol.sounds import spoken

SDK = Path(__file__).parents[1] / "sdk"


def test_the_quick_start_in_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (SDK / "node_modules" / "@deepgram" / "sdk").is_dir():
        pytest.skip("no Node.js, or `npm ci` has not been run in tests/sdk")
    recording, secret = tmp_path / "a.pcm", new_key()
    recording.write_bytes(spoken(1_300, then_silent_ms=900))
    with serving(auth={"keys": (f"app:{digest_of(secret)}",)}) as server:
        ran = subprocess.run(
            [node, str(SDK / "deepgram.cjs"), str(server.port), str(recording)],
            env={**os.environ, "DEEPGRAM_API_KEY": secret},
            capture_output=True,
            text=True,
            timeout=WAIT_S,
        )
    assert ran.returncode == 0, ran.stderr
    result, metadata = map(json.loads, ran.stdout.splitlines())
    assert result["channel"]["alternatives"][0]["transcript"] == "w0 w1 w2"
    assert metadata["duration"] == 2.2
