"""The environment of the frameworks whose plug-ins are clients in the tests: pipecat and LiveKit.

``python -m tests.sdk.frameworks`` makes it, once, from ``frameworks.txt``: 0.8 GB, about a minute.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import rmtree
from typing import Any

FOLDER = Path(__file__).parent
_LIST = FOLDER / "frameworks.txt"
_DONE = "complete"
_WAIT_S = 90.0  # two frameworks are imported, the first time without compiled modules


def environment() -> Path:
    """Where it is, or would be: a new list, or another Python, has a new folder."""
    home = os.environ.get("XDG_CACHE_HOME")
    cache = Path(home) if home else Path.home() / ".cache"
    digest = hashlib.sha256(_LIST.read_bytes()).hexdigest()[:12]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cache / "wirescribe" / "sdk" / f"frameworks-py{version}-{digest}"


def interpreter() -> Path | None:
    """Its Python; None where it has not been made."""
    folder = environment()
    return folder / "bin" / "python" if (folder / _DONE).exists() else None


def make() -> Path:
    """Make it unless it is there; return its Python."""
    folder = environment()
    python = folder / "bin" / "python"
    if interpreter() is None:
        rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        asked = ["--no-compile", "--no-deps", "--require-hashes", "--requirement", str(_LIST)]
        subprocess.run([*pip, *asked], check=True)
        (folder / _DONE).touch()
    return python


async def run(python: Path, script: str, *arguments: str) -> list[dict[str, Any]]:
    """Run a script of this folder; what it printed, line by line."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(python), str(FOLDER / script), *arguments, stdout=pipe, stderr=pipe
    )
    running = asyncio.create_task(process.communicate())
    await asyncio.wait({running}, timeout=_WAIT_S)
    if not running.done():
        process.kill()
    out, errors = await running
    assert process.returncode == 0, errors.decode()[-2_000:] + out.decode()
    return [json.loads(line) for line in out.decode().splitlines()]


if __name__ == "__main__":
    sys.stdout.write(f"{make()}\n")
