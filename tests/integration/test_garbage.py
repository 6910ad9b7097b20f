"""Two hundred connections that know nothing of the protocol, or break it; the server serves on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.harness import WAIT_S, Running, client, empty, serves_on, serving
from tests.protocol.sounds import spoken

UPGRADE = (
    b"GET /v1/stream?language=en HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)
Attack = Callable[[Running, random.Random], Awaitable[None]]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server of its own: what is thrown at it must not disturb the other tests."""
    with serving(limits={"max_sessions": 400}) as running:
        yield running


async def _open(server: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port)


async def _shake(server: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await _open(server)
    writer.write(UPGRADE)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 ")
    return reader, writer


async def _until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Everything the server says until it hangs up, which it must."""
    async with asyncio.timeout(WAIT_S):
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        said = b""
        with contextlib.suppress(ConnectionError):
            said = await reader.read(-1)
        writer.close()
        return said


def _frame(opcode: int, payload: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    head = bytes([(0x80 if fin else 0) | opcode])
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", len(payload))
    return head + (b"\0\0\0\0" if mask else b"") + payload


async def random_bytes_for_http(server: Running, dice: random.Random) -> None:
    reader, writer = await _open(server)
    writer.write(dice.randbytes(dice.randrange(1, 5_000)) + b"\r\n\r\n\r\n")
    if writer.can_write_eof():
        writer.write_eof()
    await _until_closed(reader, writer)


async def random_bytes_for_frames(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(dice.randbytes(dice.randrange(1, 5_000)))
    writer.write_eof()
    await _until_closed(reader, writer)


async def random_text(server: Running, dice: random.Random) -> None:
    async with client(server.url) as it:
        await it.send("".join(chr(dice.randrange(0x20, 0xD7FF)) for _ in range(200)))
        await it.refused("bad_message")


async def random_binary(server: Running, dice: random.Random) -> None:
    """Any bytes are 16-bit audio: nothing is wrong with them."""
    async with client(server.url + "?language=en") as it:
        for _ in range(5):
            await it.send(dice.randbytes(dice.randrange(0, 20_000)))
        await it.finish()


async def random_floats(server: Running, dice: random.Random) -> None:
    async with client(server.url + "?encoding=pcm_f32le&language=en") as it:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10):
                await it.send(dice.randbytes(40_000))
        await it.refused("bad_message")


async def invalid_utf8(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(_frame(1, b'{"type":"start"}'[: dice.randrange(3, 9)] + b"\xff\xfe\xc0\x80"))
    said = await _until_closed(reader, writer)
    assert struct.pack("!H", 1007) in said


async def huge_frame(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(b"\x82\xff" + struct.pack("!Q", 2 ** dice.randrange(32, 62)) + b"\0\0\0\0")
    said = await _until_closed(reader, writer)
    assert struct.pack("!H", 1009) in said


async def unmasked_frame(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(_frame(1, b"{}", mask=False))
    said = await _until_closed(reader, writer)
    assert struct.pack("!H", 1002) in said


async def fragments_without_end(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(_frame(2, b"\0" * 100, fin=False))
    with contextlib.suppress(ConnectionError):
        for _ in range(60):  # in all more than the socket takes
            writer.write(_frame(0, b"\0" * 100_000, fin=False))
            await writer.drain()
    await _until_closed(reader, writer)


async def fragments_out_of_order(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(_frame(0, b"no beginning"))
    said = await _until_closed(reader, writer)
    assert struct.pack("!H", 1002) in said


async def reserved_opcode(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(_frame(dice.choice([3, 7, 11, 15]), b"?"))
    said = await _until_closed(reader, writer)
    assert struct.pack("!H", 1002) in said


async def odd_close(server: Running, dice: random.Random) -> None:
    reader, writer = await _shake(server)
    writer.write(_frame(8, struct.pack("!H", dice.choice([1000, 1001, 3000, 4999])) + b"bye"))
    await _until_closed(reader, writer)


async def half_open(server: Running, dice: random.Random) -> None:
    """Gone without a word, half way through the handshake."""
    _, writer = await _open(server)
    writer.write(UPGRADE[: dice.randrange(len(UPGRADE))])
    raw: socket.socket = writer.get_extra_info("socket")
    if dice.random() < 0.5:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def open_and_gone(server: Running, dice: random.Random) -> None:
    _, writer = await _shake(server)
    writer.write(_frame(2, spoken(500)))
    writer.transport.abort()


async def plain_http(server: Running, dice: random.Random) -> None:
    method = dice.choice([b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS"])
    reader, writer = await _open(server)
    writer.write(method + b" /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    said = await _until_closed(reader, writer)
    assert said.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 405 ", b"HTTP/1.1 426 "))


async def a_socket_where_none_is(server: Running, dice: random.Random) -> None:
    path = dice.choice(["/health", "/", "/livez", "/nowhere", "/v1/stream/", "/assets/x"])
    with pytest.raises(InvalidStatus) as refused:
        async with client(f"ws://127.0.0.1:{server.port}{path}"):
            pass
    assert refused.value.response.status_code in (403, 404, 307)


async def odd_request_line(server: Running, dice: random.Random) -> None:
    reader, writer = await _open(server)
    path = dice.choice(
        [b"/v1/stream?language=\xff\xfe", b"/v1/\xc3\xa4", b"*", b"//" + b"a" * 70_000]
    )
    writer.write(UPGRADE.replace(b"/v1/stream?language=en", path))
    await asyncio.sleep(0)
    writer.write_eof()
    await _until_closed(reader, writer)


async def odd_upgrade(server: Running, dice: random.Random) -> None:
    reader, writer = await _open(server)
    wrong = dice.choice(
        [
            (b"Version: 13", b"Version: 99"),
            (b"dGhlIHNhbXBsZSBub25jZQ==", b"???"),
            (b"Connection: Upgrade", b"Connection: close"),
        ]
    )
    writer.write(UPGRADE.replace(*wrong))
    writer.write_eof()
    said = await _until_closed(reader, writer)
    assert said.startswith(b"HTTP/1.1 4")


ATTACKS: list[Attack] = [
    random_bytes_for_http,
    random_bytes_for_frames,
    random_text,
    random_binary,
    random_floats,
    invalid_utf8,
    huge_frame,
    unmasked_frame,
    fragments_without_end,
    fragments_out_of_order,
    reserved_opcode,
    odd_close,
    half_open,
    open_and_gone,
    plain_http,
    a_socket_where_none_is,
    odd_request_line,
    odd_upgrade,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_one_by_one(server: Running, attack: Attack) -> None:
    await attack(server, random.Random(7))
    await empty(server)
    await serves_on(server)


async def _nobody_comes_back(server: Running) -> None:
    """Those who went without a word have left sessions behind, which are kept for a while."""
    server.service.parking.close()


async def test_two_hundred_at_once(server: Running) -> None:
    """Beside a session that goes on through all of it."""
    seed = int(os.environ.get("WIRESCRIBE_GARBAGE_SEED", "20"))
    async with client(server.url + "?language=en") as steady:
        await steady.send(spoken(400))

        async def one(number: int) -> None:
            dice = random.Random(f"{seed}/{number}")
            await ATTACKS[number % len(ATTACKS)](server, dice)

        pending = [asyncio.create_task(one(number)) for number in range(200)]
        for _ in range(8):
            await steady.send(spoken(100))
            await asyncio.sleep(0)
        failures = [r for r in await asyncio.gather(*pending, return_exceptions=True) if r]
        assert not failures, failures[:3]
        transcript = await steady.finish()
    assert transcript.events[-1]["audio_ms"] == 1_200
    await empty(server)
    await serves_on(server)
    await server.call(_nobody_comes_back(server))
    async with httpx2.AsyncClient(trust_env=False) as web:
        assert (await web.get(server.http + "/health")).json()["sessions"]["active"] == 0
