"""Starts a browser and waits until it says where it can be driven."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def started(
    *command: str,
    mark: str,
    start_s: float,
    stdin: int = asyncio.subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[str]:
    """Give the address that the browser says behind ``mark``; it and its children end with us."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdin=stdin,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        address = await _address(process.stderr, mark, start_s)
        drain = asyncio.create_task(process.stderr.read())
        try:
            yield address
        finally:
            drain.cancel()
    finally:
        # Its children too: they would go on writing into the profile.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _address(stderr: asyncio.StreamReader, mark: str, start_s: float) -> str:
    said: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(start_s):
            while raw := await stderr.readline():
                line = raw.decode(errors="replace").strip()
                said.append(line)
                if mark in line:
                    return line.rsplit(" ", 1)[-1]
    raise RuntimeError("the browser did not start: " + " | ".join(said[-5:]))
