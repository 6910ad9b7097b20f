"""A scripted server: serves the built page as the real one does, and says what a test tells it.

It stands in only where a test is about the page: errors on demand, exact texts, exact moments.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

WEB = Path(__file__).resolve().parents[2] / "streaming" / "web"
# As strict as the real server's: a page that breaks it complains, and its test fails.
POLICY = (
    "default-src 'none'; script-src 'self' blob:; style-src 'self'; img-src 'self'; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'"
)
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


WAIT_S = 20.0


async def _until(seen: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(WAIT_S):
            while not seen():  # noqa: ASYNC110 - what is seen grows by one task, in order
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"the page never sent {what}") from None


@dataclass(slots=True)
class Session:
    """One WebSocket as the server sees it."""

    socket: ServerConnection
    start: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    segments: int = 0

    @property
    def audio_ms(self) -> int:
        """Milliseconds of sound received."""
        return len(self.audio) // 32

    async def say(self, kind: str, **fields: Any) -> None:
        """Sends one message."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def started(self, **fields: Any) -> None:
        """Accepts the session."""
        limits = {
            "max_session_ms": 3_600_000,
            "max_idle_ms": 60_000,
            "max_message_bytes": 262_144,
            "max_backlog_ms": 30_000,
        }
        await self.say(
            "started",
            session_id="s1",
            resume_token="r1",
            model="base",
            device="cpu",
            language=self.start.get("language", "auto"),
            limits=limits,
            **fields,
        )

    async def partial(
        self, segment: int, committed: str, tentative: str, *, revision: int, **fields: Any
    ) -> None:
        """Shows `committed` and, after a space, `tentative`."""
        text = " ".join(part for part in (committed, tentative) if part)
        await self.say(
            "partial",
            **{
                "segment": segment,
                "revision": revision,
                "channel": 0,
                "start_ms": segment * 4000,
                "end_ms": max(segment * 4000, self.audio_ms - 600),
                "text": text,
                "committed": committed,
                "tentative": tentative,
                "language": "en",
                **fields,
            },
        )

    async def final(self, segment: int, text: str, **fields: Any) -> None:
        """Settles a segment."""
        self.segments += 1
        await self.say(
            "final",
            **{
                "segment": segment,
                "channel": 0,
                "start_ms": segment * 4000,
                "end_ms": segment * 4000 + 3500,
                "text": text,
                "confidence": 0.9,
                "language": "en",
                "language_confidence": 0.99,
                "reason": "silence",
                "words": [],
                **fields,
            },
        )

    async def fail(self, close: int, code: str, message: str, **fields: Any) -> None:
        """Says what is wrong and closes."""
        await self.say("error", code=code, message=message, **{"retryable": False, **fields})
        await self.socket.close(close)

    async def end(self) -> None:
        """Waits for the client's `end` and answers it."""
        await self.ended.wait()
        await self.say("ended", audio_ms=self.audio_ms, segments=self.segments, words=0)
        await self.socket.close(1000)

    async def heard(self, ms: int) -> None:
        """Waits until so much sound has arrived."""
        await _until(lambda: self.audio_ms >= ms, f"{ms} ms of sound")

    async def said(self, kind: str) -> dict[str, Any]:
        """The first message of a type that the client sent after `start`, once it has."""
        await _until(lambda: any(m["type"] == kind for m in self.messages), kind)
        return next(m for m in self.messages if m["type"] == kind)

    async def read(self) -> None:
        """Takes in everything the client sends, until it is gone."""
        async for message in self.socket:
            if isinstance(message, bytes):
                self.audio += message
                continue
            parsed: dict[str, Any] = json.loads(message)
            self.messages.append(parsed)
            if parsed["type"] == "end":
                self.ended.set()


Script = Callable[[Session], Awaitable[None]]


@dataclass(slots=True)
class ScriptedServer:
    """What a test sees: the address, the scripts to come, the sessions there were."""

    port: int = 0
    scripts: list[Script] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    down: bool = False
    web: Path = WEB
    _server: Server | None = None

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://127.0.0.1:{self.port}/"

    def play(self, *scripts: Script) -> None:
        """Gives each coming session its script, in this order; the last one serves the rest."""
        self.scripts = list(scripts)

    async def session(self, index: int) -> Session:
        """The session number `index`, once the page has opened it."""
        await _until(lambda: len(self.sessions) > index, f"session {index}")
        return self.sessions[index]

    async def _serve(self, socket: ServerConnection) -> None:
        session = Session(socket, start=json.loads(await socket.recv()))
        self.sessions.append(session)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        playing = asyncio.ensure_future(script(session))
        reading = asyncio.create_task(session.read())
        # A page that leaves ends its script, wherever that is.
        await asyncio.wait((playing, reading), return_when=asyncio.FIRST_COMPLETED)
        for task in (playing, reading):
            task.cancel()
        for result in await asyncio.gather(playing, reading, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, ConnectionClosed):
                self.faults.append(result)

    def _respond(self, _: ServerConnection, request: Request) -> Response | None:
        path = request.path.split("?", 1)[0]
        if path == "/v1/stream":
            if self.down:
                return Response(503, "Service Unavailable", Headers(Connection="close"), b"")
            return None
        if path == "/readyz":
            return Response(200, "OK", Headers(Connection="close"), b"ready\n")
        if path == "/favicon.ico":
            return Response(204, "No Content", Headers(Connection="close"), b"")
        file = self.web / (path + "index.html" if path.endswith("/") else path).lstrip("/")
        if ".." in path or not file.is_file():
            return Response(404, HTTPStatus.NOT_FOUND.phrase, Headers(Connection="close"), b"")
        headers = Headers(
            {
                "Content-Type": f"{TYPES[file.suffix]}; charset=utf-8",
                "Content-Security-Policy": POLICY,
                "Content-Length": str(file.stat().st_size),
                "Connection": "close",
            }
        )
        return Response(200, "OK", headers, file.read_bytes())


@asynccontextmanager
async def scripted_server(web: Path = WEB) -> AsyncIterator[ScriptedServer]:
    """A running server on a free port of this machine, for the pages in a folder."""
    scripted = ScriptedServer(web=web)
    async with serve(
        scripted._serve,
        "127.0.0.1",
        0,
        process_request=scripted._respond,
        subprotocols=[Subprotocol("wirescribe.v1")],
        select_subprotocol=_select,
    ) as server:
        scripted._server = server
        scripted.port = next(iter(server.sockets)).getsockname()[1]
        yield scripted


def _select(_: ServerConnection, offered: Any) -> Subprotocol | None:
    return Subprotocol("wirescribe.v1") if "wirescribe.v1" in offered else None
