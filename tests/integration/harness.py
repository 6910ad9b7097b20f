"""A real server in a thread of its own, and a client that checks every word it says."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.lifecycle import Life
from streaming.serve import Server, server_config
from streaming.service import Service
from streaming.settings import Settings
from tests.protocol.schema import CLOSE_CODES, Transcript

WAIT_S = 20.0  # how long a test waits for what must come; never how long anything takes


class Running:
    """A server that listens on the loopback, with what is inside it."""

    def __init__(self, server: Server, service: Service, listener: socket.socket) -> None:
        self.server = server
        self.service = service
        self.port: int = listener.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/v1/stream"
        self.http = f"http://127.0.0.1:{self.port}"
        self.loop: asyncio.AbstractEventLoop | None = None

    async def call(self, coroutine: Any) -> Any:
        """Run a coroutine on the server's own loop."""
        assert self.loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))


def settings(**sections: Mapping[str, object]) -> Settings:
    """The defaults, but for what is given; synthetic speech needs the simple detector."""
    tree: dict[str, Mapping[str, object]] = {"vad": {"mode": "webrtc"}, **sections}
    return Settings.model_validate(tree)


@contextmanager
def serving(
    engine: Engine | None = None,
    *,
    load: Callable[[], list[Engine]] | None = None,
    wait: bool = True,
    send_buffer: int | None = None,
    **sections: Mapping[str, object],
) -> Iterator[Running]:
    """Run a server with uvicorn, as the command line does, for as long as the block lasts."""
    chosen = settings(**sections)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if send_buffer is not None:  # inherited by what it accepts
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    listener.bind(("127.0.0.1", 0))
    one = engine or FakeEngine()
    service = Service(chosen, load or (lambda: [one]))
    server = Server(server_config(chosen, service), service)
    running = Running(server, service, listener)
    known = threading.Event()

    async def main() -> None:
        running.loop = asyncio.get_running_loop()
        known.set()
        await server.serve([listener])

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="server")
    thread.start()
    try:
        assert known.wait(WAIT_S)
        _until(lambda: server.started)
        if wait:
            _until(lambda: service.lifecycle.life is Life.READY)
        yield running
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the server did not stop"


def _until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(WAIT_S / 0.005)):
        if true():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come to pass")


class Client:
    """One socket; everything the server says goes through the schema and the session's rules."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.transcript = Transcript()

    async def say(self, kind: str, **fields: Any) -> None:
        """Send one message."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def send(self, message: str | bytes) -> None:
        """Send anything."""
        await self.connection.send(message)

    async def next(self) -> dict[str, Any]:
        """The next event."""
        async with asyncio.timeout(WAIT_S):
            message = await self.connection.recv()
        assert isinstance(message, str), "events are text"
        return self.transcript.add(json.loads(message))

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next event of a type, with these fields."""
        while True:
            event = await self.next()
            if event["type"] == kind and all(event.get(k) == v for k, v in fields.items()):
                return event

    async def rest(self) -> int:
        """Read until the server closes; return the close code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            assert self.connection.close_code is not None
            return self.connection.close_code

    async def finish(self) -> Transcript:
        """End in good order; return what was said."""
        await self.say("end")
        assert await self.rest() == 1000, self.transcript.events[-1]
        assert self.transcript.events[-1]["type"] == "ended"
        return self.transcript

    async def refused(self, code: str) -> dict[str, Any]:
        """Read up to the refusal with this code; its close code must be the one of the table."""
        closed = await self.rest()
        error = self.transcript.events[-1]
        assert error["type"] == "error", error
        assert error["code"] == code, error
        assert closed == CLOSE_CODES[code]
        return error


def bare(event: dict[str, Any]) -> dict[str, Any]:
    """An event without its number, which hangs on what was said before it."""
    return {name: value for name, value in event.items() if name != "seq"}


@asynccontextmanager
async def client(url: str, **options: Any) -> AsyncIterator[Client]:
    """Connect; no proxy, no compression, no limit on what may be received."""
    async with connect(
        url, proxy=None, compression=None, max_size=None, close_timeout=2, **options
    ) as connection:
        yield Client(connection)


async def transcribe(url: str, audio: bytes, *, chunk: int = 32_000, **options: Any) -> Transcript:
    """Send a recording in chunks, end, and return the checked transcript."""
    async with client(url, **options) as it:
        for at in range(0, len(audio), chunk):
            await it.send(audio[at : at + chunk])
        return await it.finish()


async def empty(running: Running) -> None:
    """Wait until the server has no session any more."""

    async def gone() -> None:
        await running.service._empty.wait()

    async with asyncio.timeout(WAIT_S):
        await running.call(gone())


async def serves_on(running: Running) -> None:
    """Prove that a new session works as if nothing had happened."""
    from tests.protocol.sounds import spoken

    transcript = await transcribe(running.url + "?language=en", spoken(1_200))
    assert transcript.text() == "w0 w1 w2"
