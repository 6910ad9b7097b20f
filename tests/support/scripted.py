"""A real WebSocket server whose sessions follow a script, for the clients' tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from queue import Queue
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

STARTED: dict[str, Any] = {
    "type": "started",
    "session_id": "s-1",
    "resume_token": "t-1",
    "model": "scripted",
    "device": "none",
    "language": "en",
    "limits": {
        "max_session_ms": 3_600_000,
        "max_idle_ms": 60_000,
        "max_message_bytes": 262_144,
        "max_backlog_ms": 30_000,
    },
}


class ScriptedSession:
    """One connection: what came in, and the means to answer."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.start: dict[str, Any] = {}
        self.texts: list[dict[str, Any]] = []
        self.audio = bytearray()
        self.chunks: list[int] = []

    @property
    def headers(self) -> dict[str, str]:
        """The upgrade request's header fields."""
        assert self.socket.request is not None
        return dict(self.socket.request.headers)

    async def send(self, event: dict[str, Any]) -> None:
        """Sends one event."""
        await self.socket.send(json.dumps(event))

    async def begin(self, started: dict[str, Any] = STARTED) -> None:
        """Takes ``start`` and answers it."""
        first = await self.socket.recv()
        assert isinstance(first, str), "audio before start"
        self.start = json.loads(first)
        await self.send(started)

    async def receive(self) -> dict[str, Any] | bytes:
        """The next message, kept as well."""
        message = await self.socket.recv()
        if isinstance(message, bytes):
            self.audio += message
            self.chunks.append(len(message))
            return message
        text: dict[str, Any] = json.loads(message)
        self.texts.append(text)
        return text

    async def until(self, kind: str) -> dict[str, Any]:
        """Receives up to the next text message of a type."""
        while True:
            message = await self.receive()
            if isinstance(message, dict) and message["type"] == kind:
                return message

    async def until_bytes(self, total: int) -> None:
        """Receives until so much audio has come in all; an ``end`` before that stops it too."""
        while len(self.audio) < total:
            message = await self.receive()
            if isinstance(message, dict) and message["type"] == "end":
                return

    async def finish(self, bytes_per_ms: int = 32, segments: int = 0, words: int = 0) -> None:
        """Receives up to ``end`` and ends in good order."""
        if not any(text["type"] == "end" for text in self.texts):
            await self.until("end")
        audio_ms = len(self.audio) // bytes_per_ms
        await self.send(
            {"type": "ended", "audio_ms": audio_ms, "segments": segments, "words": words}
        )
        await self.socket.close(1000)


Script = Callable[[ScriptedSession], Awaitable[None]]


class ScriptedServer:
    """The address, and every session there was."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sessions: list[ScriptedSession] = []
        self.faults: list[BaseException] = []


@asynccontextmanager
async def scripted_server(script: Script) -> AsyncIterator[ScriptedServer]:
    """Runs ``script`` for every connection on a free loopback port; its faults fail the test."""
    running = ScriptedServer("")

    async def handle(socket: ServerConnection) -> None:
        session = ScriptedSession(socket)
        running.sessions.append(session)
        try:
            await script(session)
        except ConnectionClosed:
            pass
        except BaseException as fault:
            running.faults.append(fault)
            raise

    async with serve(handle, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        running.url = f"ws://127.0.0.1:{port}"
        yield running
    assert not running.faults, running.faults


@contextmanager
def scripted_server_thread(script: Script) -> Iterator[str]:
    """The same on a thread of its own, for what runs an event loop itself; gives the address."""
    address: Queue[str] = Queue()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def run() -> None:
        async with scripted_server(script) as server:
            address.put(server.url)
            await done.wait()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(loop.run_until_complete, run())
        try:
            yield address.get(timeout=10)
        finally:
            loop.call_soon_threadsafe(done.set)
            running.result(timeout=10)
            loop.close()
