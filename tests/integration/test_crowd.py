"""Many at once, and one that hogs: everyone is heard, and nobody waits for the engine."""

from __future__ import annotations

import asyncio
import contextlib

import httpx2
from websockets.exceptions import ConnectionClosed

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from tests.integration.harness import Running, client, empty, serves_on, serving, transcribe
from tests.protocol.sounds import spoken
from tests.support.work import Gate


async def test_a_hundred_sockets_at_once(server: Running) -> None:
    async def one(number: int) -> str:
        url = f"{server.url}?language=en&prompt=number%20{number}"
        audio = spoken(1_200 if number % 2 else 800, then_silent_ms=200)
        return (await transcribe(url, audio, chunk=4_000 + number)).text()

    async with asyncio.timeout(60):
        texts = await asyncio.gather(*(one(number) for number in range(100)))
    assert texts == ["w0 w1 w2" if number % 2 else "w0 w1" for number in range(100)]
    await empty(server)
    await serves_on(server)


async def test_sessions_of_a_crowd_do_not_mix() -> None:
    """Each session's words carry its own prompt: none ever turns up in another."""

    def script(request: DecodeRequest) -> Hypothesis:
        heard = count_words(request)
        words = tuple(
            type(word)(f" said-{request.prompt}", word.start_ms, word.end_ms, word.confidence)
            for word in heard.words[:2]
        )
        text = " ".join(word.text.strip() for word in words)
        return type(heard)(text, words, heard.language, heard.language_confidence)

    with serving(FakeEngine(script, concurrency=3, max_batch=4)) as server:

        async def one(number: int) -> set[str]:
            url = f"{server.url}?language=en&prompt=p{number}&channels={1 + number % 2}"
            transcript = await transcribe(url, spoken(4_000), chunk=10_000)
            return {word for final in transcript.finals for word in final["text"].split()}

        heard = await asyncio.gather(*(one(number) for number in range(20)))
    assert heard == [{f"said-p{number}"} for number in range(20)]


async def test_pings_are_answered_while_the_engine_is_at_work() -> None:
    gate = Gate(count_words, silence=False)
    with serving(FakeEngine(gate)) as server:
        try:
            async with (
                client(server.url + "?language=en") as hog,
                client(server.url + "?language=en") as other,
                httpx2.AsyncClient(trust_env=False) as web,
            ):
                await hog.send(spoken(32_000))  # 1 MiB in one message
                await hog.until("speech_started")
                await gate.entered()
                # The engine is stuck for all of this; nothing here waits for it.
                async with asyncio.timeout(20):
                    await (await hog.connection.ping())
                    await (await other.connection.ping())
                    await other.until("started")
                    await other.send(spoken(400))
                    await other.until("speech_started")
                    assert (await web.get(server.http + "/livez")).status_code == 200
                    await other.until("ack")
                assert not hog.transcript.finals
                gate.open()
                assert len((await hog.finish()).finals) >= 2
                assert (await other.finish()).text() == "w0"
        finally:
            gate.open()


async def test_a_short_message_overtakes_a_megabyte_of_another_session() -> None:
    """Audio is taken in slices: between them, others have their turn."""
    with serving(FakeEngine(delay_s=0.01)) as server:
        async with (
            client(server.url + "?language=en") as big,
            client(server.url + "?language=en") as small,
        ):
            await big.until("started")
            await small.until("started")
            await big.send(spoken(32_000))
            for number in range(5):
                await small.say("finalize", id=number)
                await small.until("finalized", id=str(number))
            served_first = server.service.scheduler  # still the same, undisturbed
            await (await small.connection.ping())
            assert served_first is server.service.scheduler
            assert (await big.finish()).events[-1]["audio_ms"] == 32_000
            await small.finish()


async def test_slow_partials_are_left_out_and_finals_are_not() -> None:
    """A slow engine makes partials rarer; what a client gets in the end is the same."""
    with serving(FakeEngine(delay_s=0.05)) as server:
        transcripts = await asyncio.gather(
            *(transcribe(server.url + "?language=en", spoken(3_000), chunk=640) for _ in range(6))
        )
    assert {transcript.text() for transcript in transcripts} == {"w0 w1 w2 w3 w4 w5 w6"}


async def test_a_drain_with_everyone_on_board() -> None:
    """Sessions in every state there is: each gets all that it said, and a reason to come back."""
    with serving(FakeEngine(concurrency=2, delay_s=0.01), limits={"max_sessions": 100}) as server:
        async with contextlib.AsyncExitStack() as stack:
            crowd = [
                await stack.enter_async_context(client(server.url + "?language=en&words=false"))
                for _ in range(40)
            ]
            for number, it in enumerate(crowd):
                await it.until("started")
                await it.send(spoken(400 * (number % 5), then_silent_ms=800 * (number % 2)))
                if number % 5 == 0:
                    await it.say("finalize", id=number)
                if number % 7 == 0:
                    await it.say("end")
            for it in crowd:
                # A ping is answered when the message before it has been taken: the one before
                # that has then been dealt with.
                with contextlib.suppress(ConnectionClosed):
                    await it.say("keepalive")
                    await (await it.connection.ping())
            await server.call(server.service.drain(20))
            closed = await asyncio.gather(*(it.rest() for it in crowd))
            for number, (it, code) in enumerate(zip(crowd, closed, strict=True)):
                last = it.transcript.events[-1]
                assert (last["type"], code) in (("ended", 1000), ("error", 1012)), number
                assert it.transcript.text() == " ".join(f"w{n}" for n in range(number % 5))
        assert server.service.slots.active == 0
