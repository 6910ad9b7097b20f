from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from load.socket import Socket, open_socket
from streaming.client import ConnectError

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, **options: object) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, compression=None, **options) as server:  # type: ignore[arg-type]
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1/stream"


async def open_to(url: str) -> Socket:
    return await open_socket(url, time.monotonic, timeout_s=5.0)


async def test_messages_of_every_size_arrive_as_they_were_sent() -> None:
    sizes = [0, 1, 125, 126, 65_535, 65_536, 200_000]
    got: list[bytes | str] = []

    async def handler(connection: ServerConnection) -> None:
        async for message in connection:
            got.append(message)
            if isinstance(message, bytes):
                await connection.send(f"{len(message)} bytes")

    async with serving(handler) as url:
        socket = await open_to(url)
        for size in sizes:
            socket.send_audio(memoryview(bytes(size)))
        socket.send_text("grüße")
        while len(socket.texts) < len(sizes):
            socket.spoke.clear()
            await socket.spoke.wait()
        socket.abort()
        await socket.closed
    assert [len(message) for message in got[:-1]] == sizes
    assert got[-1] == "grüße"
    assert [text for _, text in socket.texts] == [f"{size} bytes".encode() for size in sizes]
    moments = [at for at, _ in socket.texts]
    assert moments == sorted(moments)


async def test_a_message_in_pieces_is_put_together() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(iter(["one ", "and ", "two"]))
        await connection.close(4460, "too slow")

    async with serving(handler) as url:
        socket = await open_to(url)
        await socket.closed
    assert [text for _, text in socket.texts] == [b"one and two"]
    assert (socket.close_code, socket.close_reason) == (4460, "too slow")
    assert socket.is_closing
    socket.send_audio(b"into the void")
    socket.send_text("as well")


async def test_pings_are_answered_and_binary_frames_remembered() -> None:
    async def handler(connection: ServerConnection) -> None:
        await (await connection.ping())
        await connection.send(b"what is this")
        await connection.close()

    async with serving(handler) as url:
        socket = await open_to(url)
        await socket.closed
    assert socket.binary
    assert socket.close_code == 1000


async def test_nothing_is_read_during_a_pause() -> None:
    asked = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("hello")
        asked.set()
        await connection.wait_closed()

    async with serving(handler) as url:
        socket = await open_socket(url, time.monotonic, receive_buffer_bytes=4096)
        socket.pause()
        socket.send_text("go on")
        await asked.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        assert socket.texts == []
        socket.resume()
        await socket.spoke.wait()
        assert [text for _, text in socket.texts] == [b"hello"]
        socket.abort()
        await socket.closed


async def test_audio_that_nobody_takes_is_counted() -> None:
    async def handler(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await connection.send("paused")
        await connection.wait_closed()

    # Who reads nothing learns of no end either.
    async with serving(handler, close_timeout=0.1) as url:
        socket = await open_to(url)
        await socket.spoke.wait()
        for _ in range(400):
            socket.send_audio(bytes(65_000))
        assert socket.most_unsent_bytes > 1_000_000
        socket.abort()
        await socket.closed


async def test_a_refused_upgrade_has_its_status() -> None:
    async def handler(connection: ServerConnection) -> None:
        raise AssertionError("never opened")

    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(503, "full")

    async with serving(handler, process_request=refuse) as url:
        with pytest.raises(ConnectError) as refused:
            await open_to(url)
    assert refused.value.http_status == 503


async def test_what_is_no_websocket_and_what_says_nothing() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"220 ready\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConnectError, match="not a WebSocket server"):
        await open_to(f"ws://127.0.0.1:{port}/")
    server.close()
    await server.wait_closed()
    with pytest.raises(ConnectError):
        await open_to(f"ws://127.0.0.1:{port}/")

    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()
        left.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConnectError, match="no answer within"):
        await open_socket(f"ws://127.0.0.1:{port}/", time.monotonic, timeout_s=0.05)
    await left.wait()
    server.close()
    await server.wait_closed()


async def raw_server(answers: bytes, pieces: int) -> tuple[asyncio.Server, str]:
    """Upgrades as it should, then sends these bytes, so many at a time."""
    from websockets.http11 import Request
    from websockets.server import ServerProtocol

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol()
        while not (events := protocol.events_received()):
            protocol.receive_data(await reader.read(4096))
        (request,) = events
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        # The first bytes come with the answer to the handshake, in one write.
        writer.write(b"".join(protocol.data_to_send()) + answers[:pieces])
        for at in range(pieces, len(answers), pieces):
            await asyncio.sleep(0)
            writer.write(answers[at : at + pieces])
        writer.write_eof()
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    return server, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def frame(first: int, payload: bytes, masked: bool = False) -> bytes:
    length = len(payload)
    if length < 126:
        head = bytes((first, length | (0x80 if masked else 0)))
    else:
        head = bytes((first, 126)) + length.to_bytes(2, "big")
    return head + (bytes(4) if masked else b"") + payload


@pytest.mark.parametrize("pieces", [1, 3, 100_000])
async def test_frames_may_be_cut_anywhere(pieces: int) -> None:
    said = [b"one", b"x" * 125, b"y" * 126, b"", "grüße".encode()]
    frames = [frame(0x81, text) for text in said]
    # A ping, and a message in two pieces with a ping in between.
    mixed = [*frames[:2], frame(0x89, b"ping"), *frames[2:]]
    mixed += [frame(0x01, b"in "), frame(0x89, b""), frame(0x80, b"pieces")]
    close = frame(0x88, (1000).to_bytes(2, "big"))
    server, url = await raw_server(b"".join([*mixed, close]), pieces)
    socket = await open_to(url)
    await socket.closed
    server.close()
    await server.wait_closed()
    assert [text for _, text in socket.texts] == [*said, b"in pieces"]
    assert socket.close_code == 1000


@pytest.mark.parametrize(
    "wrong",
    [
        frame(0x81, b"masked", masked=True),
        frame(0xC1, b"reserved bit"),
        frame(0x83, b"unknown opcode"),
        frame(0x01, b"begun ") + frame(0x81, b"another"),
        bytes((0x81, 127)) + (1 << 40).to_bytes(8, "big") + b"endless",
    ],
)
async def test_frames_that_break_the_rules_end_it(wrong: bytes) -> None:
    server, url = await raw_server(frame(0x81, b"good") + wrong + frame(0x81, b"late"), 100_000)
    socket = await open_to(url)
    await socket.closed
    server.close()
    await server.wait_closed()
    assert [text for _, text in socket.texts] == [b"good"]
    assert socket.close_code in (1002, 1006, 1009)
