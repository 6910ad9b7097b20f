"""The quick-starts of docs/compatibility.md, but for port and key: they print the right words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streaming.auth.keys import digest_of, new_key
from tests.compatibility.table import QUICK_STARTS, dialects
from tests.integration.harness import serving
from tests.protocol.sounds import spoken

ROOT = Path(__file__).parents[2]
TLS = ROOT / "tests" / "support" / "tls"
NODE_MODULES = ROOT / "tests" / "sdk" / "node_modules"
SECRET = new_key()
# They only make what a framework works with: test_frameworks.py.
PARTS = {"pipecat.py", "livekit_deepgram.py", "livekit_openai.py"}
TOGETHER = sorted(start.file for it in dialects() for start in it.starts if start.file not in PARTS)


def printed(file: str, folder: Path, ports: Mapping[str, int]) -> list[str]:
    """The words that a quick-start prints."""
    script = (QUICK_STARTS / file).read_text(encoding="utf-8").replace("ws_…", SECRET)
    for where, port in ports.items():
        script = script.replace(f"{where}:8000", f"{where}:{port}")
    copy = folder / f"start_{file}"  # never named as the package
    copy.write_text(script, encoding="utf-8")
    node = {"NODE_PATH": str(NODE_MODULES), "NODE_EXTRA_CA_CERTS": str(TLS / "cert.pem")}
    ran = subprocess.run(
        [sys.executable if file.endswith(".py") else "node", copy.name],
        cwd=folder,
        env={**os.environ, **node},
        capture_output=True,
        text=True,
        timeout=90.0,  # packages are large, and all are loaded at once
    )
    assert ran.returncode == 0, f"{file}: {ran.stderr}"
    return ran.stdout.split()


def test_each_prints_the_right_words(tmp_path: Path) -> None:
    sound = spoken(1_200, then_silent_ms=1_500)
    (tmp_path / "speech.raw").write_bytes(sound)
    (tmp_path / "speech_24k.raw").write_bytes(spoken(1_200, then_silent_ms=1_500, rate=24_000))
    with wave.open(str(tmp_path / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(sound)
    names = TOGETHER
    if shutil.which("node") is None or not NODE_MODULES.is_dir():
        names = [name for name in names if name.endswith(".py")]
    keys = {"keys": (f"app:{digest_of(SECRET)}",)}
    tls = {"tls_certfile": TLS / "cert.pem", "tls_keyfile": TLS / "key.pem"}
    with (
        serving(auth=keys) as locked,
        serving(auth=keys, server=tls) as secure,
        serving() as free,  # vosk's clients know no keys
        ThreadPoolExecutor() as pool,
    ):
        running = {
            name: pool.submit(
                printed,
                name,
                tmp_path,
                {
                    "127.0.0.1": free.port if name == "vosk.py" else locked.port,
                    "localhost": secure.port,
                },
            )
            for name in names
        }
        said = {name: it.result() for name, it in running.items()}
    assert said == {name: ["w0", "w1", "w2"] for name in names}


@pytest.mark.parametrize("file", sorted(PARTS))
def test_parts_are_what_the_frameworks_take(file: str) -> None:
    script = {"pipecat.py": "pipecat_deepgram.py"}.get(file, "livekit_stt.py")
    used = (ROOT / "tests" / "sdk" / script).read_text(encoding="utf-8")
    call = (QUICK_STARTS / file).read_text(encoding="utf-8").split("stt = ")[1].split("(")[0]
    assert f"{call}(" in used
