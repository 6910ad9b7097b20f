"""A server in a process of its own, and everything about it that must not grow or break."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.harness import client
from tests.integration.process import ROOT, ServerProcess
from tests.support.marked import marked, said

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SETTLE_S = 40.0
_WEB_S = 60.0
# Log lines that tell of a defect: an exception that nobody expected.
_DEFECTS = ("reader_failed", "writer_failed", "session_failed", "source_failed", "drain_failed")
_UVICORN_DEFECTS = ("Exception in ASGI application", "Task exception was never retrieved")


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds at a moment."""

    files: int
    tasks: int
    threads: int
    memory_mib: float
    sessions: int

    def __str__(self) -> str:
        return (
            f"{self.files} files, {self.tasks} tasks, {self.threads} threads, "
            f"{self.memory_mib:.0f} MiB, {self.sessions} sessions"
        )


class Victim(ServerProcess):
    """The process under attack."""

    async def ready_at_last(self) -> None:
        """Wait until it listens, however busy the machine is; AssertionError when it has ended."""
        async with asyncio.timeout(_WEB_S * 2):
            while not self.port:
                assert self.process.returncode is None, "\n".join(self.lines)
                await asyncio.sleep(0.02)

    @property
    def http(self) -> str:
        """The address of its pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process itself."""
        return self.process.pid

    def memory_mib(self) -> float:
        """Resident memory, as the system has it."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * _PAGE / 2**20

    def files(self) -> int:
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - counts, no paths wanted

    async def ask(self, path: str, body: object = None) -> str:
        """Get a page, or post an object; a client with all its certificates takes far longer."""
        text = "" if body is None else json.dumps(body)
        head = (
            f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Connection: close\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        async with asyncio.timeout(_WEB_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write((head + text).encode())
                answer = (await reader.read(-1)).decode()
            finally:
                writer.transport.abort()
        status, _, page = answer.partition("\r\n\r\n")
        assert " 200 " in status.split("\r\n")[0], answer[:300]
        return page

    async def held(self) -> Held:
        """Look at everything at once."""
        now: dict[str, int] = json.loads(await self.ask("/chaos"))
        threads = len(os.listdir(f"/proc/{self.pid}/task"))  # noqa: PTH208
        return Held(self.files(), now["tasks"], threads, self.memory_mib(), now["sessions"])

    async def settled(self, before: Held, *, memory_mib: float = 16.0) -> Held:
        """Wait until it holds no more than ``before``; AssertionError says what it keeps."""
        give_up = time.monotonic() + _SETTLE_S
        while True:
            now = await self.held()
            if now.files <= before.files and now.tasks <= before.tasks and not now.sessions:
                break
            if time.monotonic() > give_up:
                break
            await asyncio.sleep(0.1)
        assert now.files <= before.files, f"descriptors stay open: {before} → {now}"
        assert now.tasks <= before.tasks, f"tasks stay: {before} → {now}"
        assert now.sessions <= before.sessions, f"sessions stay: {before} → {now}"
        grown = now.memory_mib - before.memory_mib
        assert grown <= memory_mib, f"{grown:.1f} MiB stay: {before} → {now}"
        return now

    def hang_up_the_log(self) -> None:
        """Close the reading end of the process's standard error."""
        self._reader.cancel()
        transport = getattr(self.process, "_transport", None)
        assert transport is not None
        transport.get_pipe_transport(2).close()

    async def strike(self, kind: str, *, count: int = 1, seconds: float = 0.0) -> None:
        """Let the engine's next batches go wrong; nothing does with an empty ``kind``."""
        body = {"kind": kind, "count": count, "seconds": seconds} if kind else {}
        await self.ask("/chaos", body)

    async def jump(self, seconds: float) -> None:
        """Let the wall clock be so much later, or earlier, than it is."""
        await self.ask("/chaos", {"clock_s": seconds})

    async def metrics(self) -> str:
        """What ``/metrics`` says."""
        return await self.ask("/metrics")

    async def serves(self, numbers: range = range(3)) -> None:
        """Prove that a session works, word for word, as if nothing had happened."""
        async with client(self.url + "?language=en") as it:
            await it.send(marked(numbers, silent_ms=800))
            transcript = await it.finish()
        assert transcript.text().split() == said(numbers)

    def defects(self) -> list[str]:
        """Log lines that tell of an exception nobody expected; of tracebacks, all."""
        return [
            line
            for line in self.lines
            if any(f'"{name}"' in line for name in _DEFECTS)
            or any(name in line for name in _UVICORN_DEFECTS)
            or "Traceback" in line
        ]

    def assert_no_defects(self) -> None:
        """Fail with the log's lines, when there are such."""
        assert not self.defects(), "\n".join(self.defects()[:3])


@asynccontextmanager
async def victim(
    *arguments: str,
    engine: Mapping[str, Any] | None = None,
    model: str | None = None,
    limit_files: int | None = None,
    settings: Mapping[str, str] | None = None,
    **environment: str,
) -> AsyncIterator[Victim]:
    """Run ``server.py`` with the chaos engine; settings come as environment variables."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("WIRESCRIBE_")}
    program = [sys.executable, str(ROOT / "tests" / "chaos" / "server.py")]
    if limit_files is not None:
        # The limit is the process's own, set before it is what it will be.
        program = ["/bin/sh", "-c", f'ulimit -n {limit_files}; exec "$@"', "sh", *program]
    process = await asyncio.create_subprocess_exec(
        *program,
        "--port=0",
        *arguments,
        cwd=ROOT,
        env={
            **clean,
            "PYTHONPATH": str(ROOT),
            "CHAOS_ENGINE": json.dumps({**(engine or {}), "model": model}),
            "WIRESCRIBE_VAD__MODE": "webrtc",
            # Parked sessions are kept on purpose; whoever looks for leaks can't wait that long.
            "WIRESCRIBE_LIMITS__RESUME_MS": "1000",
            **(settings or {}),
            **environment,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    running = Victim(process)
    try:
        await running.ready_at_last()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait({running._reader})  # cancelled, where the log was hung up
        await process.wait()
