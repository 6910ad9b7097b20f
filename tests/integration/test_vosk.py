"""vosk-server's clients over real sockets, as its own examples and the telephone modules speak."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.integration.harness import WAIT_S, Running, empty, serving
from tests.integration.process import free_port, server_process
from tests.protocol.sounds import spoken

RATE = 16_000
EOF = '{"eof" : 1}'
SPEECH = spoken(1_200, then_silent_ms=1_000)
SAID = "w0 w1 w2"


def url_of(server: Running, query: str = "?language=en") -> str:
    return f"ws://127.0.0.1:{server.port}/v1/vosk{query}"


def connected(url: str, **options: Any) -> connect:
    """As ``websockets`` connects when nothing is asked of it, but for a proxy."""
    return connect(url, proxy=None, **options)


async def answer(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_S):
        fields: dict[str, Any] = json.loads(await socket.recv())
    return fields


async def in_step(socket: ClientConnection, audio: bytes) -> list[dict[str, Any]]:
    """Send 0.2 s, wait for the reply, and so on: what vosk-server's ``test.py`` does."""
    await socket.send(f'{{ "config" : {{ "sample_rate" : {RATE} }} }}')
    replies = []
    for at in range(0, len(audio), RATE * 2 // 5):
        await socket.send(audio[at : at + RATE * 2 // 5])
        replies.append(await answer(socket))
    await socket.send(EOF)
    replies.append(await answer(socket))
    with pytest.raises(ConnectionClosed):  # and nothing else
        await socket.recv()
    assert socket.close_code == 1000
    return replies


async def test_a_client_that_waits_for_each_reply(server: Running) -> None:
    parked = len(server.service.parking)  # by other tests: the server is shared
    async with connected(url_of(server)) as socket:
        replies = await in_step(socket, SPEECH)
    assert all(("partial" in reply) ^ ("text" in reply) for reply in replies)
    texts = [reply["text"] for reply in replies if reply.get("text")]
    assert " ".join(texts) == SAID
    words = [word for reply in replies for word in reply.get("result", [])]
    assert [word["word"] for word in words] == SAID.split()
    assert all(0 <= word["start"] < word["end"] <= 2.2 for word in words)
    await empty(server)
    assert len(server.service.parking) <= parked


async def test_a_client_that_waits_for_nothing(server: Running) -> None:
    async with connected(url_of(server)) as socket:  # Jigasi's single request, then its stream
        await socket.send('{"config" : {"sample_rate" : 16000.0}}')
        for at in range(0, len(SPEECH), 6_400):
            await socket.send(SPEECH[at : at + 6_400])
        await socket.send('{"reset" : 1}')
        await socket.send(SPEECH)
        await socket.send(EOF)
        replies = [json.loads(message) async for message in socket]
    assert len(replies) == -(-len(SPEECH) // 6_400) + 3
    texts = [reply["text"] for reply in replies if reply.get("text")]
    assert len(texts) >= 2
    assert "partial" in replies[-2]
    assert "text" in replies[-1]


async def test_a_telephone_system_at_its_call(server: Running) -> None:
    """As res_speech_vosk does: 0.2 s of 8 kHz at a time, replies as they come, eof and away."""
    sound = spoken(1_200, then_silent_ms=1_000, rate=8_000)
    said = ""
    async with connected(url_of(server), subprotocols=[Subprotocol("ws")]) as socket:
        assert socket.subprotocol is None
        for at in range(0, len(sound), 3_200):
            await socket.send(sound[at : at + 3_200])
        while not said:
            reply = await answer(socket)
            said = reply.get("text", "")
            await socket.send(bytes(320))
        await socket.send(EOF)
        await socket.close(1000)
    assert said.split()[:3] == SAID.split()
    await empty(server)


async def test_a_telephone_system_that_hangs_up(server: Running) -> None:
    """As mod_vosk does: no config, no eof."""
    sound = spoken(1_200, rate=8_000)
    async with connected(url_of(server)) as socket:
        for at in range(0, len(sound), 3_200):
            await socket.send(sound[at : at + 3_200])
    await empty(server)


async def test_while_the_speaker_talks_partials_come_and_then_the_final(server: Running) -> None:
    async with connected(url_of(server)) as socket:
        await socket.send('{"config" : {"sample_rate" : 16000}}')
        await socket.send(spoken(1_200))
        await answer(socket)
        seen: list[dict[str, Any]] = []
        while not seen or "text" not in seen[-1]:
            await socket.send(bytes(6_400))
            seen.append(await answer(socket))
            await asyncio.sleep(0)
    assert seen[-1]["text"] == SAID
    partials = [reply["partial"] for reply in seen[:-1] if reply["partial"]]
    assert all(SAID.startswith(text) for text in partials)


async def test_what_cannot_be_had_is_said_by_the_close(server: Running) -> None:
    async with connected(url_of(server)) as socket:
        await socket.send('{"config" : {"sample_rate" : 96000}}')
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert socket.close_code == 4415
    assert socket.close_reason is not None
    assert "sample_rate: 96000" in socket.close_reason


async def test_what_was_said_before_an_error_is_told(server: Running) -> None:
    async with connected(url_of(server)) as socket:
        await socket.send('{"config" : {"sample_rate" : 16000}}')
        await socket.send(SPEECH)
        await answer(socket)
        await socket.send("nonsense")
        assert (await answer(socket))["text"] == SAID
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert socket.close_code == 4400


async def test_whom_nobody_waits_for_is_not_parked(server: Running) -> None:
    parked = len(server.service.parking)  # by other tests: the server is shared
    async with connected(url_of(server)) as socket:
        await socket.send('{"config" : {"sample_rate" : 16000}}')
        await socket.send(SPEECH)
        await answer(socket)
        socket.transport.abort()
    await empty(server)
    assert len(server.service.parking) <= parked


async def test_all_at_once_beside_the_native_ones(server: Running) -> None:
    async def one() -> str:
        async with connected(url_of(server)) as socket:
            replies = await in_step(socket, SPEECH)
        return " ".join(reply["text"] for reply in replies if reply.get("text"))

    assert await asyncio.gather(*(one() for _ in range(8))) == [SAID] * 8


async def test_keys_come_as_everywhere() -> None:
    with serving(auth={"keys": ["a:" + "0" * 64]}) as server:
        async with connected(url_of(server)) as socket:
            await socket.send(SPEECH)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert socket.close_code == 4401


async def test_a_port_of_its_own() -> None:
    port = free_port()
    async with server_process("--port", "0", WIRESCRIBE_SERVER__VOSK_PORT=str(port)) as process:
        await process.ready()
        async with connected(f"ws://127.0.0.1:{port}") as socket:  # no path, as all of them
            replies = await in_step(socket, SPEECH)
        assert " ".join(reply["text"] for reply in replies if reply.get("text")) == SAID
        async with connected(process.url + "?language=en") as socket:
            assert (await answer(socket))["type"] == "started"
