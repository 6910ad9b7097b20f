"""The pump around one socket, with a socket of our own: what it does when things break inside."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.websockets import WebSocket

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from streaming.errors import Restarting, WirescribeError
from streaming.events import SpeechStarted
from streaming.service import Service
from streaming.settings import Settings
from streaming.transports.codec import Command, Notice
from streaming.transports.connection import Connection
from streaming.transports.native import NativeCodec
from tests.protocol.schema import Transcript
from tests.protocol.sounds import encoded, speech, spoken


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
            "headers": [],
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
async def serving(script: Script = count_words, **limits: object) -> AsyncIterator[Service]:
    settings = Settings.model_validate({"vad": {"mode": "webrtc"}, "limits": limits})
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


async def test_a_whole_session() -> None:
    socket = Socket(subprotocols=["token.x", "wirescribe.v1"])
    async with serving() as service:
        running = run(socket, service)
        socket.says(spoken(800))
        socket.says('{"type":"end"}')
        await running
        assert not service.scheduler._sources
    assert socket.sent[0]["subprotocol"] == "wirescribe.v1"
    assert socket.transcript.text() == "w0 w1"
    assert socket.closed == (1000, "")
    assert service.slots.active == 0


async def test_an_error_is_said_before_the_close_which_repeats_its_code() -> None:
    socket = Socket("")
    async with serving() as service:
        running = run(socket, service)
        socket.says("?")
        await running
    assert [event["code"] for event in socket.transcript.events] == ["bad_message"]
    assert socket.closed == (4400, "bad_message")


async def test_a_message_that_is_neither_text_nor_binary() -> None:
    socket = Socket("")
    async with serving() as service:
        running = run(socket, service)
        socket._in.put_nowait({"type": "websocket.receive"})
        await running
    assert socket.closed == (4400, "bad_message")


async def test_no_place_left() -> None:
    socket = Socket()
    async with serving(max_sessions=1) as service:
        service.slots.take()
        await run(socket, service)
    assert socket.closed == (1013, "overloaded")
    assert service.slots.active == 1


class Faulty(NativeCodec):
    """A dialect with defects."""

    def __init__(self, where: str) -> None:
        self._where = where

    def binary(self, message: bytes) -> Sequence[Command]:
        if self._where == "read":
            raise ZeroDivisionError
        return super().binary(message)

    def write(self, notice: Notice) -> Sequence[str]:
        if self._where == "write" and isinstance(notice, SpeechStarted):
            raise ZeroDivisionError
        return super().write(notice)


@pytest.mark.parametrize("where", ["read", "write"])
async def test_a_defect_in_a_dialect_is_an_internal_error(where: str) -> None:
    socket = Socket()
    async with serving() as service:
        running = run(socket, service, Faulty(where))
        socket.says(spoken(800))
        await running
        assert not service.scheduler._sources
    assert socket.closed == (1011, "internal")
    assert "ZeroDivision" not in json.dumps(socket.transcript.events)
    assert service.slots.active == 0


async def test_a_hypothesis_that_can_not_be_digested_is_an_internal_error() -> None:
    def script(request: DecodeRequest) -> Hypothesis:
        heard = count_words(request)
        if request.audio.any():
            object.__setattr__(heard, "words", None)
        return heard

    socket = Socket()
    async with serving(script) as service:
        running = run(socket, service)
        socket.says(spoken(1_000))
        await running
    assert socket.closed == (1011, "internal")


async def test_a_client_that_left_is_forgotten() -> None:
    socket = Socket()
    async with serving() as service:
        running = run(socket, service)
        socket.says(spoken(1_000))
        await socket.heard("speech_started")
        socket.leaves()
        await running
        assert not service.scheduler._sources
    assert socket.closed is None
    assert service.slots.active == 0


async def test_a_client_that_is_gone_when_written_to_is_forgotten() -> None:
    socket = Socket()
    async with serving() as service:
        running = run(socket, service)
        await socket.heard("started")
        socket.gone = True
        socket.says(spoken(1_000))
        await running
        assert not service.scheduler._sources
    assert service.slots.active == 0


async def test_a_client_that_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.transports.connection._CLOSE_S", 0.01)
    socket = Socket()
    async with serving(outbox_messages=16) as service:
        running = run(socket, service)
        await socket.heard("started")
        socket.writable.clear()
        for _ in range(40):
            socket.says('{"type":"finalize"}')
        await running
        assert not service.scheduler._sources
    assert service.slots.active == 0


async def test_drain_warns_finishes_and_asks_to_come_back() -> None:
    socket = Socket()
    async with serving() as service:
        running = run(socket, service)
        socket.says(spoken(1_000))
        await socket.heard("speech_started")
        await service.drain(20)
        await running
    kinds = [event["type"] for event in socket.transcript.events]
    assert kinds.index("warning") < kinds.index("final") < kinds.index("error")
    assert socket.closed == (1012, "restarting")


async def test_drain_before_a_session_has_begun() -> None:
    socket = Socket("")
    async with serving() as service:
        running = run(socket, service)
        await socket.until(lambda: socket.sent)
        await asyncio.sleep(0)
        await service.drain(20)
        await running
    assert [event["type"] for event in socket.transcript.events] == ["error"]
    assert socket.closed == (1012, "restarting")


async def test_drain_does_not_spoil_an_end_that_is_on_its_way() -> None:
    gate = threading.Event()

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            assert gate.wait(20)
        return count_words(request)

    socket = Socket("language=en&partials=false")
    async with serving(script) as service:
        running = run(socket, service)
        socket.says(spoken(800))
        socket.says('{"type":"end"}')
        await socket.heard("speech_ended")
        draining = asyncio.create_task(service.drain(20))
        await socket.heard("warning")
        gate.set()
        await running
        await draining
    assert socket.transcript.events[-1]["type"] == "ended"
    assert socket.closed == (1000, "")


async def test_drain_gives_up_on_an_engine_that_hangs() -> None:
    gate = threading.Event()

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            assert gate.wait(20)
        return count_words(request)

    socket = Socket()
    try:
        async with serving(script) as service:
            running = run(socket, service)
            socket.says(spoken(1_000))
            await socket.heard("speech_started")
            await service.drain(0.01)
            await running
            assert socket.closed == (1012, "restarting")
            gate.set()
    finally:
        gate.set()


async def test_drain_does_not_wait_for_a_client_that_has_left() -> None:
    gate = threading.Event()

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            assert gate.wait(20)
        return count_words(request)

    socket = Socket()
    try:
        async with serving(script) as service:
            running = run(socket, service)
            socket.says(spoken(1_000))
            await socket.heard("speech_started")
            draining = asyncio.create_task(service.drain(3_600))
            await socket.heard("warning")
            socket.leaves()
            async with asyncio.timeout(20):
                await draining
            await running
            gate.set()
    finally:
        gate.set()


async def test_the_first_failure_is_the_one_that_is_told() -> None:
    socket = Socket()
    async with serving() as service:
        connection = Connection(socket.websocket, NativeCodec(), service)
        running = asyncio.create_task(connection.run())
        await socket.heard("started")
        first: WirescribeError = Restarting("first")
        connection.work_failed(first)
        connection.work_failed(WirescribeError("second"))
        await running
    assert socket.transcript.events[-1]["message"] == "first"


async def test_partials_give_way_while_the_client_is_slow() -> None:
    """Newer ones replace what it has not read; the final comes in any case."""
    late = threading.Event()

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any() and request.end_sample >= 2_500 * 16:
            late.set()
        return count_words(request)

    socket = Socket()
    async with serving(script) as service:
        running = run(socket, service)
        await socket.heard("started")
        socket.writable.clear()
        for _ in range(30):
            socket.says(encoded(speech(3_000)[:1_600]))
        assert await asyncio.to_thread(late.wait, 20)
        socket.writable.set()
        socket.says('{"type":"end"}')
        await running
    assert socket.transcript.text() == "w0 w1 w2 w3 w4 w5 w6"
    revisions = [partial["revision"] for partial in socket.transcript.of("partial")]
    assert revisions == sorted(revisions)
    assert 0 < len(revisions) < revisions[-1]
