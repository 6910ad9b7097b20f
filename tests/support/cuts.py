"""A client on a bad line: sockets break between any two messages, and either side may know less."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket

from streaming.audio.formats import AudioFormat
from streaming.service import Service
from streaming.transports.connection import Connection
from streaming.transports.native import NativeCodec
from streaming.transports.receipts import EXTENSION
from tests.protocol.schema import Transcript


class Line:
    """One socket, server's side; what the server sends reaches the client only if it is heard."""

    def __init__(self) -> None:
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._in.put_nowait({"type": "websocket.connect"})
        self._arriving: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self.heard: Callable[[int], None] = lambda _: None
        self.closed: int | None = None
        self.cut = False
        scope = {
            "type": "websocket",
            "path": "/v1/stream",
            "query_string": b"",
            "client": ("127.0.0.1", 50_000),
            "headers": [(b"host", b"127.0.0.1")],
            "subprotocols": [],
            "extensions": {EXTENSION: self},
        }
        self.websocket = WebSocket(scope, self._in.get, self._send)

    async def _send(self, message: Any) -> None:
        if self.cut:
            raise OSError("gone")
        if message["type"] == "websocket.send":
            self._arriving.append(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.closed = message["code"]
        self._news.set()

    def ping(self, number: int) -> None:
        """What the server asks behind its messages; answered when the client gets there."""
        self._arriving.append({"type": "ping", "number": number})

    def says(self, message: bytes | dict[str, Any]) -> None:
        """Send a message."""
        body = {"bytes": message} if isinstance(message, bytes) else {"text": json.dumps(message)}
        self._in.put_nowait({"type": "websocket.receive", **body})

    def breaks(self) -> None:
        """Be cut off: what is on its way is gone, in both directions."""
        self.cut = True
        while not self._in.empty():
            self._in.get_nowait()
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self._arriving.clear()

    def hears(self, most: int | None = None) -> list[dict[str, Any]]:
        """Take messages off the line, and answer pings on the way."""
        taken: list[dict[str, Any]] = []
        while self._arriving and (most is None or len(taken) < most):
            message = self._arriving.pop(0)
            if message["type"] == "ping":
                self.heard(message["number"])
            else:
                taken.append(message)
        return taken

    async def news(self) -> None:
        """Wait for the server to say something more."""
        self._news.clear()
        if not self._arriving and self.closed is None:
            await self._news.wait()


class Caller:
    """A client as simple as the protocol allows: it keeps its audio, comes back, sends it again.

    ``says_received`` False: it goes by the letter of ``resume`` alone, and may hear things again.
    """

    def __init__(
        self,
        service: Service,
        audio: bytes,
        form: AudioFormat,
        rng: random.Random,
        *,
        says_received: bool = True,
    ) -> None:
        self.transcript = Transcript()
        self.cuts = 0
        self.repeated = 0
        self._service = service
        self._audio = audio
        self._form = form
        self._rng = rng
        self._says_received = says_received
        self._started: dict[str, Any] = {}
        self._at = 0

    async def talk(self, cuts: int) -> Transcript:
        """Say everything, over so many sockets and one more."""
        for _ in range(cuts):
            await self._over(self._cut)
            self.cuts += 1
        await self._over(self._finish)
        return self.transcript

    async def _over(self, talk: Callable[[Line], Any]) -> None:
        line = Line()
        served = asyncio.create_task(Connection(line.websocket, NativeCodec(), self._service).run())
        async with asyncio.timeout(600):
            line.says(self._start())
            while not self._hear(line, 1):
                await line.news()
            await talk(line)
            await served

    def _start(self) -> dict[str, Any]:
        form = self._form
        start: dict[str, Any] = {
            "type": "start",
            "language": "en",
            "audio": {
                "encoding": form.encoding.value,
                "sample_rate": form.sample_rate,
                "channels": form.channels,
            },
        }
        if self._started:
            received = self.transcript.lost()
            start["resume"] = {
                "session_id": self._started["session_id"],
                "token": self._started["resume_token"],
                **({"received": received} if self._says_received else {}),
            }
        return start

    def _hear(self, line: Line, most: int | None = None) -> int:
        events = line.hears(most)
        for event in events:
            if event["type"] == "started":
                self._started = event
                ms = event.get("resumed_from_ms", 0)
                self._at = ms * self._form.sample_rate // 1000 * self._form.bytes_per_frame
                assert ms * self._form.sample_rate % 1000 == 0, "not on a sample"
            if self._heard_before(event):
                self.repeated += 1
            else:
                self.transcript.add(event)
        return len(events)

    def _heard_before(self, event: dict[str, Any]) -> bool:
        """Whether a message comes again; only to who doesn't say what it has, and unchanged."""
        number = event.get("seq", self.transcript.seq + 1)
        if number > self.transcript.seq:
            return False
        assert not self._says_received, f"{number} came again"
        assert event in self.transcript.events, f"{number} is another one now"
        return True

    async def _speak(self, line: Line, until: int) -> None:
        while self._at < until:
            size = self._rng.choice((1, 7, 640, 3_200, 3_201, 16_000))
            line.says(self._audio[self._at : min(self._at + size, until)])
            self._at += size
            if self._rng.random() < 0.3:
                await asyncio.sleep(0)
            if self._rng.random() < 0.5:
                self._hear(line, self._rng.randrange(4))

    async def _cut(self, line: Line) -> None:
        rest = len(self._audio) - self._at
        await self._speak(line, self._at + self._rng.randrange(rest // 3 + 2))
        for _ in range(self._rng.choice((0, 1, 3, 30))):
            await asyncio.sleep(0)
        self._hear(line, self._rng.randrange(8))
        line.breaks()

    async def _finish(self, line: Line) -> None:
        await self._speak(line, len(self._audio))
        line.says({"type": "end"})
        while line.closed is None:
            self._hear(line)
            await line.news()
        self._hear(line)
        assert line.closed == 1000, self.transcript.events[-1]
