"""A server in a process of its own, for what only a process can do: signals and exit statuses."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.integration.harness import WAIT_S

ROOT = Path(__file__).parents[2]
_ANNOUNCED = re.compile(r"listens at (http://\S+?:(\d+))")


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """The process, its address and everything it wrote."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.port = 0
        self._announced = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            text = line.decode().rstrip("\n")
            self.lines.append(text)
            if found := _ANNOUNCED.search(text):
                self.port = int(found[2])
                self._announced.set()

    @property
    def url(self) -> str:
        """Where sessions are."""
        return f"ws://127.0.0.1:{self.port}/v1/stream"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log lines."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    async def ready(self) -> None:
        """Wait until it says that it listens."""
        announced = asyncio.create_task(self._announced.wait())
        async with asyncio.timeout(WAIT_S):
            await asyncio.wait({announced, self._reader}, return_when=asyncio.FIRST_COMPLETED)
        announced.cancel()
        assert self.port, "\n".join(self.lines)

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def status(self) -> int:
        """Wait for its end; return the exit status."""
        async with asyncio.timeout(WAIT_S):
            await self._reader
            return await self.process.wait()


@asynccontextmanager
async def server_process(
    *arguments: str, real: bool = False, engine: dict[str, Any] | None = None, **environment: str
) -> AsyncIterator[ServerProcess]:
    """Run ``server.py``; the fake engine decodes unless ``real``."""
    script = ROOT / "server.py" if real else ROOT / "tests" / "integration" / "fake_server.py"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("WIRESCRIBE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        *arguments,
        cwd=ROOT,
        env={
            **clean,
            "PYTHONPATH": str(ROOT),
            "FAKE_ENGINE": json.dumps(engine or {}),
            "WIRESCRIBE_VAD__MODE": "webrtc",
            **environment,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    running = ServerProcess(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await running.status()
