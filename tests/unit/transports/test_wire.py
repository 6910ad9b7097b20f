from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from streaming.transports.wire import HttpProtocol, WebSocketProtocol, http_protocol
from tests.support.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, request

Messages = list[dict[str, Any]]


class Pipe(asyncio.Transport):
    """A transport whose client reads nothing, or everything, as the test likes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.unread = 0
        self.closed = asyncio.Event()
        self.protocol: asyncio.BaseProtocol | None = None
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Connected:
    """One connection: what the server's application gets of it, and what it answers."""

    def __init__(self, request_timeout_s: float = 10.0) -> None:
        self.messages: Messages = []
        self.state = ServerState()
        config = uvicorn.Config(
            cast(Any, self._app),
            interface="asgi3",
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            http=http_protocol(request_timeout_s),
            ws=WebSocketProtocol,
        )
        config.load()
        self.pipe = Pipe()
        self.http = cast(type[HttpProtocol], config.http_protocol_class)(
            config=config, server_state=self.state, app_state={}
        )
        self.pipe.protocol = self.http
        self.http.connection_made(self.pipe)

    async def _app(
        self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[..., Any]
    ) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"yes"})
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            self.messages.append(message)
        self.messages.append(message)

    async def take(self, data: bytes) -> None:
        """Let the server read, and the application have its turns."""
        if data:
            cast(asyncio.Protocol, self.pipe.get_protocol()).data_received(data)
        for _ in range(5):
            await asyncio.sleep(0)

    async def lost(self) -> None:
        cast(asyncio.Protocol, self.pipe.get_protocol()).connection_lost(None)
        await asyncio.gather(*self.state.tasks)

    def answers(self) -> bytes:
        """What has been written since the last look."""
        said = bytes(self.pipe.written)
        self.pipe.written.clear()
        return said


@pytest.fixture
async def socket() -> AsyncIterator[Connected]:
    it = Connected()
    await it.take(request("/"))
    assert it.answers().startswith(b"HTTP/1.1 101 ")
    yield it
    await it.lost()


def close_code(said: bytes) -> int:
    assert said[0] == 0x80 | CLOSE
    return int.from_bytes(said[2:4], "big")


async def test_a_message_in_pieces_arrives_whole(socket: Connected) -> None:
    pieces = [frame(TEXT, b"\xc3", fin=False), frame(CONTINUATION, b"\xa4")]
    await socket.take(b"".join(pieces))
    assert socket.messages == [{"type": "websocket.receive", "text": "ä"}]


async def test_too_many_pieces_close_it(socket: Connected) -> None:
    await socket.take(frame(BINARY, b"x", fin=False))
    await socket.take(frame(CONTINUATION, fin=False) * 4_095)
    assert not socket.answers()
    await socket.take(frame(CONTINUATION, fin=False) * 3)
    assert close_code(socket.answers()) == 1008
    assert socket.pipe.is_closing()
    assert [message["type"] for message in socket.messages] == ["websocket.disconnect"]


async def test_text_that_is_not_utf8_closes_it_and_logs_nothing(
    socket: Connected, caplog: pytest.LogCaptureFixture
) -> None:
    await socket.take(frame(TEXT, b"\xff") + frame(TEXT, b"\xff") + frame(TEXT, b"good"))
    assert close_code(socket.answers()) == 1007
    assert [message["type"] for message in socket.messages] == ["websocket.disconnect"]
    assert not caplog.records


async def test_pongs_wait_for_whoever_reads_them_and_for_nobody_else(socket: Connected) -> None:
    await socket.take(frame(PING, b"a"))
    assert socket.answers() == bytes([0x80 | PONG, 1]) + b"a"
    socket.pipe.unread = 65_537
    await socket.take(frame(PING, b"b") * 100)
    assert socket.answers() == b""
    socket.pipe.unread = 0
    await socket.take(frame(PING, b"c"))
    assert socket.answers() == bytes([0x80 | PONG, 1]) + b"c"


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_request_that_is_not_finished_is_given_up(said: bytes) -> None:
    it = Connected(request_timeout_s=0.001)
    await it.take(said)
    async with asyncio.timeout(10):
        await it.pipe.closed.wait()
    await it.lost()


async def test_a_finished_request_and_a_socket_are_not() -> None:
    for opening in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", request("/")):
        it = Connected(request_timeout_s=0.001)
        await it.take(opening)
        assert it.http._overdue is None
        await asyncio.sleep(0.005)
        assert not it.pipe.is_closing()
        await it.lost()


async def test_the_next_request_has_its_own_time() -> None:
    it = Connected(request_timeout_s=60)
    await it.take(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert not it.http._overdue
    await it.take(b"GET /")
    waiting: object = it.http._overdue
    assert waiting
    await it.take(b" HTTP/1.1\r\n")
    assert it.http._overdue is waiting, "another byte is no reason for more time"
    await it.lost()
    assert not it.http._overdue


async def test_while_we_do_not_read_nobody_is_late() -> None:
    it = Connected(request_timeout_s=0.001)
    it.http.flow.pause_reading()
    await it.take(b"")
    await asyncio.sleep(0.005)
    assert not it.pipe.is_closing()
    await it.lost()
