"""Every cap, shrunk until it is reached: the reason is said first, then comes the close code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine, count_words
from streaming.session import _MOST_PROMISES
from tests.integration.harness import Client, client, empty, serves_on, serving, transcribe
from tests.protocol.sounds import spoken
from tests.support.work import Gate


async def test_a_session_that_is_idle() -> None:
    with serving(limits={"max_idle_ms": 1_000}) as server:
        async with client(server.url + "?language=en") as it:
            assert (await it.until("started"))["limits"]["max_idle_ms"] == 1_000
            await it.send(spoken(800))
            error = await it.refused("idle_timeout")
        assert error["retryable"] is True
        assert it.transcript.text() == "w0 w1"
        assert "1000" in error["message"]
        await serves_on(server)


async def test_a_keepalive_is_a_sign_of_life() -> None:
    with serving(limits={"max_idle_ms": 1_000}) as server:
        async with client(server.url + "?language=en") as it, client(server.url) as silent:
            await silent.say("start")
            refusal = asyncio.create_task(silent.refused("idle_timeout"))
            while not refusal.done():
                await it.say("keepalive")
                await asyncio.sleep(0.05)
            await refusal
            await it.send(spoken(800))
            assert (await it.finish()).text() == "w0 w1"


async def test_a_socket_on_which_nothing_ever_starts() -> None:
    with serving(limits={"start_timeout_ms": 100}) as server:
        async with client(server.url) as it:
            await it.say("keepalive")  # says nothing of what is to come
            error = await it.refused("idle_timeout")
        assert "100 ms" in error["message"]
        await empty(server)


async def test_a_session_that_is_too_long() -> None:
    with serving(limits={"max_session_ms": 2_000}) as server:
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(1_500))
            await it.send(spoken(500))
            await it.send(b"\0\0")
            error = await it.refused("session_too_long")
        assert "2000 ms" in error["message"]
        assert error["retryable"] is True
        # Nothing of what was taken is lost.
        assert it.transcript.text() == "w0 w1 w2 w3 w4"
        await serves_on(server)


async def test_the_end_of_a_long_session_is_told_beforehand() -> None:
    with serving(limits={"max_session_ms": 20_000}) as server:
        async with client(server.url + "?language=en") as it:
            await it.send(bytes(32_000 * 17))
            await it.send(bytes(32_000 * 2))
            warning = await it.until("warning", code="limit_near")
            assert (warning["limit"], warning["remaining_ms"]) == ("max_session_ms", 1_000)
            await it.send(bytes(32_000))
            transcript = await it.finish()
        assert len([w for w in transcript.of("warning") if w["code"] == "limit_near"]) == 1


async def test_audio_much_faster_than_it_is_spoken() -> None:
    with serving(limits={"burst_ms": 1_000, "max_rate": 1.0}) as server:
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(900))
            await it.send(spoken(5_000))
            error = await it.refused("quota_exceeded")
        assert 3_000 < error["retry_after_ms"] <= 5_000
        assert "1000 ms" in error["message"]
        await empty(server)
        transcript = await transcribe(server.url + "?language=en", spoken(800))
        assert transcript.text() == "w0 w1"


async def test_more_audio_than_can_be_decoded() -> None:
    gate = Gate(count_words, silence=False)
    with serving(FakeEngine(gate), limits={"max_backlog_ms": 2_000}) as server:
        try:
            async with client(server.url + "?language=en&partials=false") as it:
                for _ in range(3):
                    await it.send(spoken(1_200, then_silent_ms=1_000))
                await it.send(spoken(100))
                error = await it.refused("overloaded")
            assert error["retry_after_ms"] > 0
            assert error["retryable"] is True
            assert "2000" in error["message"]
        finally:
            gate.open()
        await serves_on(server)


async def test_a_server_that_is_full() -> None:
    with serving(limits={"max_sessions": 2}, admission={"max_waiting": 0}) as server:
        async with client(server.url) as one, client(server.url) as two:
            for each in (one, two):
                await each.say("start")
                await each.until("started")
            async with httpx2.AsyncClient(trust_env=False) as web:
                assert (await web.get(server.http + "/readyz")).text == "full\n"
                health = (await web.get(server.http + "/health")).json()
            assert health["sessions"] == {"active": 2, "waiting": 0, "capacity": 2}
            async with client(server.url, origin=server.http) as three:
                error = await three.refused("overloaded")
            assert error["retry_after_ms"] > 0
            await one.finish()
            await two.finish()
        await empty(server)
        await serves_on(server)


async def test_a_server_that_still_loads() -> None:
    may_load = threading.Event()

    def load() -> list[Engine]:
        assert may_load.wait(30)
        return [FakeEngine()]

    with serving(load=load, wait=False) as server:
        try:
            async with client(server.url + "?language=en", origin=server.http) as it:
                error = await it.refused("overloaded")
            assert error["retry_after_ms"] > 0
            assert "loading" in error["message"]
            with pytest.raises(InvalidStatus) as caught:
                async with client(server.url):
                    pass
            assert caught.value.response.status_code == 503
            assert int(caught.value.response.headers["Retry-After"]) > 0
        finally:
            may_load.set()


async def test_channels_beyond_the_operators_limit() -> None:
    with serving(limits={"max_channels": 2}) as server:
        async with client(server.url + "?channels=3") as it:
            error = await it.refused("unsupported_audio")
        assert error["field"] == "audio.channels"
        assert "between 1 and 2" in error["message"]


async def test_many_requests_in_one_breath_are_no_offence() -> None:
    """A client that reads is never too slow, however much it asks for at once."""
    with serving(limits={"outbox_messages": 16}) as server:
        async with client(server.url + "?language=en") as it:
            await it.until("started")
            with contextlib.suppress(ConnectionError):
                # All frames in one write: they reach the server in one piece.
                await _in_one_piece(it, [{"type": "finalize", "id": n} for n in range(500)])
            transcript = await it.finish()
        ids = [event["id"] for event in transcript.of("finalized")]
        assert ids == [str(n) for n in range(500)]


async def test_requests_that_wait_for_their_answers_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streaming.transports.connection._LAST_WORDS_S", 0.01)  # none will come
    gate = Gate(count_words, silence=False)
    with serving(FakeEngine(gate)) as server:
        try:
            async with client(server.url + "?language=en&partials=false") as it:
                await it.send(spoken(800))
                await it.until("speech_started")
                await _in_one_piece(
                    it, [{"type": "finalize", "id": n} for n in range(_MOST_PROMISES + 1)]
                )
                error = await it.refused("quota_exceeded")
            assert error["field"] == "finalize"
            assert str(_MOST_PROMISES) in error["message"]
        finally:
            gate.open()
        await serves_on(server)


async def _in_one_piece(it: Client, messages: list[dict[str, object]]) -> None:
    connection = it.connection
    for message in messages:
        connection.protocol.send_text(json.dumps(message).encode())
    connection.transport.write(b"".join(connection.protocol.data_to_send()))


async def test_a_client_that_does_not_read() -> None:
    """It asks and asks and never listens; what it finds when it listens at last is the reason."""
    with serving(limits={"outbox_messages": 64}, send_buffer=16_384) as server:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        raw.connect(("127.0.0.1", server.port))
        raw.setblocking(False)
        async with connect(
            server.url + "?language=en",
            sock=raw,
            proxy=None,
            compression=None,
            max_queue=1,
            close_timeout=2,
        ) as connection:
            it = Client(connection)
            await it.until("started")
            connection.transport.pause_reading()
            asked = 0
            while not len(server.service.parking):  # its session is kept
                await it.say("finalize", id="x" * 100)
                asked += 1
                assert asked < 100_000
            connection.transport.resume_reading()
            error = await it.refused("client_too_slow")
        assert error["retryable"] is True
        assert len(it.transcript.of("finalized")) < asked
        await empty(server)
        await serves_on(server)


async def test_a_client_that_answers_no_pings() -> None:
    """Gone without a word, as behind a cut cable: its place is free again."""
    with serving(server={"ping_interval_s": 0.05, "ping_timeout_s": 1.0}) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /v1/stream?language=en HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n"
        )
        async with asyncio.timeout(20):
            said = await reader.read(-1)
        assert struct.pack("!H", 1011) in said
        writer.close()
        await empty(server)
        async with client(server.url + "?language=en") as it:  # this one answers them
            for _ in range(4):
                await asyncio.sleep(0.05)
                await it.send(spoken(200))
            await it.finish()
