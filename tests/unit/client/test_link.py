"""Connections after the first one: what opens them, and who waits for them."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from streaming.client import (
    Backoff,
    ClientError,
    Ended,
    Event,
    Queued,
    Reconnecting,
    Stream,
    connect,
)
from tests.support.scripted import STARTED, ScriptedSession, scripted_server

PARTIAL = {"type": "partial", "segment": 0, "channel": 0, "start_ms": 0, "end_ms": 500, "text": "a"}


async def collect(stream: Stream) -> list[Event]:
    return [event async for event in stream]


async def test_a_token_is_fetched_anew_for_every_connection() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin(STARTED | {"resume_token": ""})
        if len(server.sessions) == 1:
            session.socket.transport.abort()
        await session.finish()

    drawn = iter(["one", "two"])

    async def token() -> str:
        return next(drawn)

    quick = Backoff(base_ms=1, max_ms=1)
    async with scripted_server(script) as server:
        async with connect(server.url, token=token, reconnect=quick) as stream:
            await stream.end()
            events = await collect(stream)
        keys = [session.headers["authorization"] for session in server.sessions]
    assert keys == ["Bearer one", "Bearer two"]
    assert isinstance(events[-1], Ended)


async def test_a_token_that_can_not_be_had_is_a_failure_to_connect() -> None:
    async def token() -> str:
        raise LookupError("signed out")

    with pytest.raises(ClientError, match="signed out") as caught:
        async with connect("ws://127.0.0.1:9", token=token):
            pytest.fail("no session")
    assert (caught.value.code, caught.value.retryable) == ("token_failed", True)


async def test_waiting_for_a_place_can_be_shown_while_it_lasts() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.socket.recv()
        await session.send({"type": "queued", "position": 2, "eta_ms": 1500})
        await told.wait()
        await session.send(STARTED)
        await session.finish()

    told = asyncio.Event()
    shown: list[Queued] = []

    def show(queued: Queued) -> None:
        shown.append(queued)
        told.set()

    async with scripted_server(script) as server, connect(server.url, on_queued=show) as stream:
        await stream.end()
        await collect(stream)
    assert shown == [Queued(2, 1500)]


async def test_a_fault_of_the_callers_function_ends_the_stream_with_it() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.socket.recv()
        await session.send({"type": "queued", "position": 2, "eta_ms": 1500})
        await session.socket.wait_closed()

    def show(queued: Queued) -> None:
        raise LookupError("no screen")

    async with scripted_server(script) as server:
        with pytest.raises(ClientError, match="no screen"):
            async with connect(server.url, on_queued=show):
                pytest.fail("no session")


async def test_a_refused_upgrade_later_on_is_waited_out() -> None:
    refusals = 0

    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        nonlocal refusals
        if len(sockets) == 1 and not refusals:
            refusals += 1
            response = connection.respond(503, "full\n")
            response.headers["Retry-After"] = "0"
            return response
        return None

    async def handle(socket: ServerConnection) -> None:
        sockets.append(socket)
        session = ScriptedSession(socket)
        await session.begin()
        if len(sockets) == 1:
            socket.transport.abort()
        await session.finish()

    sockets: list[ServerConnection] = []
    async with serve(handle, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        quick = Backoff(base_ms=1, max_ms=1)
        async with connect(f"ws://127.0.0.1:{port}", reconnect=quick) as stream:
            await stream.end()
            events = await collect(stream)
    codes = [event.code for event in events if isinstance(event, Reconnecting)]
    assert codes == ["connection_lost", "connect_failed"]
    assert isinstance(events[-1], Ended)


async def test_who_only_sends_and_never_reads_is_told_when_nothing_can_go_on() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        for revision in range(5):
            await session.send(PARTIAL | {"revision": revision})
        await session.until_bytes(32_000)
        session.socket.transport.abort()

    async with (
        scripted_server(script) as server,
        connect(server.url, max_events=2, buffer_s=1) as stream,
    ):
        with pytest.raises(ClientError) as caught:
            for _ in range(100):
                await stream.send(bytes(16_000))
    assert caught.value.code == "events_unread"
