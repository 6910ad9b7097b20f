"""Sockets that break between a real client and a real server; who may come back, and when."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect

from streaming.engine.fake import FakeEngine, count_words
from tests.integration.harness import Client, Running, client, empty, serves_on, serving
from tests.protocol.schema import Transcript
from tests.protocol.sounds import spoken
from tests.support.work import Gate

URL = "?language=en"


def resume(it: Client, *, received: int | None = None, **changes: Any) -> dict[str, Any]:
    """The ``resume`` of who has had what a client has had."""
    started = it.transcript.of("started")[-1]
    asked: dict[str, Any] = {
        "session_id": started["session_id"],
        "token": started["resume_token"],
        **changes,
    }
    return asked if received is None else {**asked, "received": received}


def breaks(it: Client) -> None:
    """Cut a client off without a word."""
    it.connection.transport.abort()


async def goes_on(it: Client, before: Client, **asked: Any) -> int:
    """Take a session up; return from where its audio is to be sent again."""
    it.transcript = before.transcript
    received = it.transcript.lost()
    await it.say("start", resume=resume(before, received=received, **asked))
    started = await it.until("started")
    assert started["session_id"] == before.transcript.of("started")[0]["session_id"]
    ms: int = started["resumed_from_ms"]
    return ms


async def test_a_cut_mid_word_loses_nothing(server: Running) -> None:
    audio = spoken(4_000, then_silent_ms=1_000)
    async with client(server.url + URL) as one:
        await one.send(audio[:50_001])  # half a sample
        await one.until("partial")
        breaks(one)
    async with client(server.url) as two:
        from_ms = await goes_on(two, one)
        assert 0 < from_ms <= 50_001 / 32
        await two.send(audio[from_ms * 32 :])
        transcript = await two.finish()
    assert transcript.text() == "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9"
    assert transcript.events[-1]["audio_ms"] == 5_000
    await serves_on(server)


async def test_what_was_heard_while_nobody_was_there_is_told() -> None:
    gate = Gate(count_words, silence=False)
    with serving(FakeEngine(gate)) as server:
        async with client(server.url + URL + "&partials=false") as one:
            await one.send(spoken(1_200, then_silent_ms=1_000))
            await one.until("speech_ended")
            breaks(one)
        gate.open()
        async with client(server.url) as two:
            assert await goes_on(two, one) == 2_200
            assert (await two.until("final"))["text"] == "w0 w1 w2"
            await two.finish()


async def test_an_end_that_was_said_before_the_cut_is_answered_after_it() -> None:
    gate = Gate(count_words, silence=False)
    with serving(FakeEngine(gate)) as server:
        async with client(server.url + URL + "&partials=false") as one:
            await one.send(spoken(1_200))
            await one.say("end")
            await one.until("speech_ended")
            breaks(one)
        gate.open()
        async with client(server.url) as two:
            await goes_on(two, one)
            await two.say("end")  # again: it may not have arrived
            assert await two.rest() == 1000
        assert two.transcript.text() == "w0 w1 w2"
        assert two.transcript.events[-1]["type"] == "ended"


async def test_an_ended_session_is_kept_no_longer_than_it_takes_to_know_that_it_is_known(
    server: Running,
) -> None:
    parked = len(server.service.parking)  # by other tests: the server is shared
    async with client(server.url + URL) as one:
        await one.send(spoken(800))
        await one.finish()
    await empty(server)
    async with client(server.url) as two:
        await two.say("start", resume=resume(one))
        error = await two.refused("unknown_session")
    assert error["retryable"] is False
    assert len(server.service.parking) <= parked


async def test_who_says_nothing_of_what_it_has_gets_nothing_twice_that_is_known_to_have_come(
    server: Running,
) -> None:
    audio = spoken(1_200, then_silent_ms=1_000)
    async with client(server.url + URL) as one:
        await one.send(audio)
        await one.until("final")
        await (await one.connection.ping())  # by now its own answers have gone
        breaks(one)
        had = len(one.transcript.events)
        one.transcript.lost()
    async with client(server.url) as two:
        two.transcript = one.transcript
        await two.say("start", resume=resume(one))
        assert (await two.until("started"))["resumed_from_ms"] == 2_200
        await two.finish()
    assert [event["type"] for event in two.transcript.events[had:]] == ["started", "ended"]


@pytest.mark.parametrize(
    "wrong", [{"token": "x" * 32}, {"session_id": "nobody's"}], ids=["token", "session"]
)
async def test_only_who_has_the_token_comes_back(server: Running, wrong: dict[str, Any]) -> None:
    async with client(server.url + URL) as one:
        await one.send(spoken(800))
        await one.until("speech_started")
        async with client(server.url) as thief:
            await thief.say("start", resume=resume(one, **wrong))
            error = await thief.refused("unknown_session")
            assert error["field"] == "resume"
        assert (await one.finish()).text() == "w0 w1"


async def test_a_socket_that_seems_alive_gives_way(server: Running) -> None:
    """Half open: its client knows that it is gone, the server does not yet."""
    async with client(server.url + URL) as one:
        await one.send(spoken(1_200))
        await one.until("partial")
        async with client(server.url) as two:
            kept = Client(two.connection)
            kept.transcript = Transcript()
            for event in one.transcript.events:
                kept.transcript.add(event)
            from_ms = await goes_on(two, kept)
            assert (await one.refused("taken_over"))["retryable"] is False
            await two.send(spoken(1_200)[from_ms * 32 :])
            assert (await two.finish()).text() == "w0 w1 w2"


async def test_after_a_time_nobody_can_come_back() -> None:
    with serving(limits={"resume_ms": 50}) as server:
        async with client(server.url + URL) as one:
            await one.send(spoken(800))
            await one.until("speech_started")
            breaks(one)
        for _ in range(2_000):
            if not server.service.slots.active:
                break
            await asyncio.sleep(0.01)
        async with client(server.url) as two:
            await two.say("start", resume=resume(one))
            await two.refused("unknown_session")
        assert not server.service.scheduler._sources
        async with httpx2.AsyncClient(trust_env=False) as web:
            text = (await web.get(server.http + "/metrics")).text
        assert 'wirescribe_sessions_given_up_total{reason="expired"} 1.0' in text
        assert 'wirescribe_sessions_total{outcome="lost",transport="native"} 1.0' in text
        assert "wirescribe_sessions_parked 0.0" in text


async def test_too_many_that_wait_push_the_first_out() -> None:
    with serving(limits={"max_parked": 1}) as server:
        cut = []
        for _ in range(2):
            async with client(server.url + URL) as one:
                await one.send(spoken(800))
                await one.until("speech_started")
                breaks(one)
            await empty(server)
            cut.append(one)
        async with client(server.url) as two:
            await two.say("start", resume=resume(cut[0]))
            await two.refused("unknown_session")
        async with client(server.url) as two:
            await goes_on(two, cut[1])
            assert (await two.finish()).text() == "w0 w1"


async def test_a_full_server_lets_back_in_who_it_has_kept() -> None:
    with serving(limits={"max_sessions": 1}) as server:
        async with client(server.url + URL) as one:
            await one.send(spoken(800))
            await one.until("speech_started")
            breaks(one)
        await empty(server)
        assert server.service.slots.active == 1
        async with client(server.url) as two:
            await goes_on(two, one)
            assert (await two.finish()).text() == "w0 w1"
        await serves_on(server)


async def test_a_client_that_was_too_slow_gets_the_rest_when_it_comes_back() -> None:
    with serving(limits={"outbox_messages": 64}, send_buffer=16_384) as server:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        raw.connect(("127.0.0.1", server.port))
        raw.setblocking(False)
        asked = 0
        async with connect(
            server.url + URL, sock=raw, proxy=None, compression=None, max_queue=1, close_timeout=2
        ) as connection:
            one = Client(connection)
            await one.until("started")
            connection.transport.pause_reading()
            while not len(server.service.parking):
                with contextlib.suppress(ConnectionError):
                    await one.say("finalize", id=f"{asked}-" + "x" * 100)
                    asked += 1
                assert asked < 100_000
            connection.transport.resume_reading()
            with contextlib.suppress(AssertionError):  # it may have missed the reason
                await one.refused("client_too_slow")
        async with client(server.url) as two:
            await goes_on(two, one)
            await two.say("finalize", id="last")
            await two.until("finalized", id="last")
            transcript = await two.finish()
        ids = [int(event["id"].split("-")[0]) for event in transcript.of("finalized")[:-1]]
        assert ids == list(range(len(ids)))
        await serves_on(server)


async def test_twenty_sessions_are_drained_mid_sentence_without_losing_a_word() -> None:
    with serving(FakeEngine(concurrency=2), limits={"max_sessions": 20}) as server:
        async with contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(client(server.url + URL)) for _ in range(20)]
            for number, it in enumerate(clients):
                await it.send(spoken(1_200 + 400 * (number % 5)))
            for it in clients:
                await it.until("speech_started")
            draining = asyncio.create_task(server.call(server.service.drain(20)))
            for it in clients:
                await it.refused("restarting")
            await draining
        for number, it in enumerate(clients):
            words = [f"w{n}" for n in range(3 + number % 5)]
            assert it.transcript.text().split() == words, number
            assert it.transcript.of("warning")[0]["code"] == "draining"


async def test_a_message_that_can_not_be_read_ends_a_session_for_good(server: Running) -> None:
    async with client(server.url + URL) as one:
        await one.send(spoken(800))
        await one.until("speech_started")
        await one.send(json.dumps({"type": "nonsense"}))
        await one.refused("bad_message")
    async with client(server.url) as two:
        await two.say("start", resume=resume(one))
        await two.refused("unknown_session")
