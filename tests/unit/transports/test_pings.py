"""Numbered pings over a real loopback socket, and how a lost one is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from streaming.transports.pings import PingingProtocol
from streaming.transports.receipts import EXTENSION

App = Callable[[Any, Any, Any], Any]


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", ws=PingingProtocol, ws_ping_interval=0.05
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        await server.shutdown()


async def test_a_pong_tells_the_number_and_the_keepalive_goes_on() -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pings = scope["extensions"][EXTENSION]
        pings.heard = heard.put_nowait
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "one"})
        pings.ping(2**40)
        while (await receive())["type"] != "websocket.disconnect":
            pings.ping(7)
        pings.ping(8)  # there is nobody any more, and no harm done

    async with serving(app) as url, asyncio.timeout(20), connect(url, proxy=None) as client:
        assert await client.recv() == "one"
        assert await heard.get() == 2**40
        await (await client.ping(b"seq not of ours"))
        while not client.latency:  # its own pings are answered as well
            await client.ping()
            await asyncio.sleep(0.01)
        await client.send("more")
        assert await heard.get() == 7
    assert heard.empty()


async def test_a_socket_that_breaks_is_1006_and_a_close_is_what_it_says() -> None:
    codes: asyncio.Queue[int] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            pass
        codes.put_nowait(message["code"])

    async with serving(app) as url, asyncio.timeout(20):
        async with connect(url, proxy=None) as client:
            client.transport.abort()
        assert await codes.get() == 1006
        async with connect(url, proxy=None) as client:
            await client.close(4000)
        assert await codes.get() == 4000


async def test_a_refusal_before_the_handshake_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no"})

    async with serving(app) as url, asyncio.timeout(20):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, proxy=None)
    assert refused.value.response.status_code == 503
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
