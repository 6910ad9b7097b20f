"""What a client says while it is served, and while it has to wait."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketState

from streaming.errors import BadMessage, MessageTooBig
from streaming.limits import LEAST_BYTES, ConnectionGuard, ConnectionLimits
from streaming.transports.codec import Audio, Coded, End, KeepAlive, Start
from streaming.transports.inbox import Inbox
from streaming.transports.native import NativeCodec

LIMITS = ConnectionLimits(
    max_message_bytes=2_000_000,
    max_session_ms=60_000,
    max_idle_ms=5_000,
    max_backlog_ms=60_000,
    max_rate=2.0,
    burst_ms=60_000,
    max_bytes_per_s=10_000_000,
    burst_bytes=10_000_000,
)


def inbox(*messages: dict[str, Any]) -> Inbox:
    waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for message in messages:
        waiting.put_nowait(message)

    async def send(_: object) -> None:
        raise AssertionError

    socket = WebSocket({"type": "websocket"}, waiting.get, send)
    socket.client_state = WebSocketState.CONNECTED
    return Inbox(socket, NativeCodec(), ConnectionGuard(LIMITS, 0.0))


def text(kind: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": json.dumps({"type": kind})}


def audio(size: int = 2) -> dict[str, Any]:
    return {"type": "websocket.receive", "bytes": bytes(size)}


GONE = {"type": "websocket.disconnect", "code": 1001}


async def test_messages_one_by_one_and_then_that_it_has_gone() -> None:
    it = inbox(text("keepalive"), audio(), GONE)
    assert await it.take() == [KeepAlive()]
    assert await it.take() == [Audio(b"\0\0")]
    assert await it.take() is None
    assert await it.take() is None
    assert it.left == 1001


async def test_what_is_given_back_is_taken_next() -> None:
    it = inbox(text("end"))
    it.hold([Audio(b"a"), Audio(b"b")])
    assert await it.take() == [Audio(b"a"), Audio(b"b")]
    assert await it.take() == [End()]


async def test_what_breaks_a_limit_or_says_nothing_is_refused() -> None:
    it = inbox(audio(2_000_001), {"type": "websocket.receive"})
    with pytest.raises(MessageTooBig):
        await it.take()
    with pytest.raises(BadMessage):
        await it.take()


async def test_one_that_waits_is_heard_until_it_goes_and_nothing_it_said_is_lost() -> None:
    it = inbox(text("keepalive"), audio(), text("end"), GONE)
    await it.listen()
    assert it.left == 1001
    assert [await it.take() for _ in range(4)] == [[KeepAlive()], [Audio(b"\0\0")], [End()], None]


async def test_one_that_has_nothing_to_say_need_not_wait() -> None:
    it = inbox(text("keepalive"), text("end"))
    await it.listen()
    assert it.left is None


@pytest.mark.parametrize("sound", [Audio(b"\0\0"), Coded(b"\0\0")], ids=["plain", "coded"])
async def test_one_that_has_sent_all_it_has_to_say_waits_for_its_answer(
    sound: Audio | Coded,
) -> None:
    it = inbox(text("end"))
    it.hold([sound])
    listening = asyncio.create_task(it.listen())
    for _ in range(50):
        await asyncio.sleep(0)
    assert not listening.done()
    listening.cancel()


async def test_what_it_says_beyond_a_bound_waits_in_its_socket() -> None:
    it = inbox(audio(1_000_000), audio(1_000_000), audio(1_000_000), GONE)
    listening = asyncio.create_task(it.listen())
    for _ in range(50):
        await asyncio.sleep(0)
    assert not listening.done()
    listening.cancel()
    for _ in range(3):
        assert await it.take() == [Audio(bytes(1_000_000))]


async def test_empty_messages_of_one_that_waits_do_not_pile_up() -> None:
    it = inbox(*[audio(0)] * 20_000)
    listening = asyncio.create_task(it.listen())
    for _ in range(50):
        await asyncio.sleep(0)
    assert not listening.done()
    assert len(it._held) == (1 << 20) // LEAST_BYTES + 1
    listening.cancel()


async def test_nonsense_from_one_that_waits_is_refused() -> None:
    it = inbox({"type": "websocket.receive", "text": "?"})
    it.hold([Start({})])
    with pytest.raises(BadMessage):
        await it.listen()
