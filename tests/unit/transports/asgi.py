"""A socket and a service for the pump's tests: ASGI's server side, without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.websockets import WebSocket

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from streaming.service import Service
from streaming.settings import Settings
from streaming.transports.connection import Connection
from streaming.transports.native import NativeCodec
from tests.protocol.schema import Transcript


class Socket:
    """The server's side of ASGI: messages put in, messages found out."""

    def __init__(self, query: str = "language=en", subprotocols: Sequence[str] = ()) -> None:
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._in.put_nowait({"type": "websocket.connect"})
        self.sent: list[dict[str, Any]] = []
        self.transcript = Transcript()
        self.writable = asyncio.Event()
        self.writable.set()
        self.gone = False
        self._news = asyncio.Event()
        scope = {
            "type": "websocket",
            "path": "/v1/stream",
            "query_string": query.encode(),
            "client": ("127.0.0.1", 50_000),
            "headers": [(b"host", b"127.0.0.1:8000")],
            "subprotocols": list(subprotocols),
        }
        self.websocket = WebSocket(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        return await self._in.get()

    async def _send(self, message: Any) -> None:
        await self.writable.wait()
        if self.gone:
            raise OSError("gone")
        self.sent.append(dict(message))
        if message["type"] == "websocket.send":
            self.transcript.add(json.loads(message["text"]))
        self._news.set()

    def says(self, message: bytes | str) -> None:
        """Let the client send a message."""
        kind = "bytes" if isinstance(message, bytes) else "text"
        self._in.put_nowait({"type": "websocket.receive", kind: message})

    def leaves(self) -> None:
        """Let the client go."""
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1005})

    async def drained(self) -> None:
        """Wait until the server has read all that was said."""
        async with asyncio.timeout(20):
            while not self._in.empty():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something to be sent that makes it so."""
        async with asyncio.timeout(20):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def heard(self, kind: str) -> None:
        """Wait for an event."""
        await self.until(lambda: self.transcript.of(kind))

    @property
    def closed(self) -> tuple[int, str] | None:
        """Close code and reason."""
        last = self.sent[-1] if self.sent else {}
        if last.get("type") != "websocket.close":
            return None
        return last["code"], last.get("reason") or ""


Script = Callable[[DecodeRequest], Hypothesis]


@asynccontextmanager
async def serving(
    script: Script = count_words, admission: Mapping[str, object] | None = None, **limits: object
) -> AsyncIterator[Service]:
    settings = Settings.model_validate(
        {"vad": {"mode": "webrtc"}, "limits": limits, "admission": admission or {}}
    )
    service = Service(settings, lambda: [FakeEngine(script)])
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


def run(socket: Socket, service: Service, codec: NativeCodec | None = None) -> Awaitable[None]:
    async def served() -> None:
        async with asyncio.timeout(30):
            await Connection(socket.websocket, codec or NativeCodec(), service).run()

    return asyncio.create_task(served())
