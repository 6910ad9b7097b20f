from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import socket
from pathlib import Path

import httpx2
import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.harness import WAIT_S, Client, client, transcribe
from tests.integration.process import free_port, server_process
from tests.protocol.sounds import spoken
from tests.support.marked import WORD_MS, marked, said

HANGS = {"delay_s": 3_600}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_lets_everyone_finish(number: int) -> None:
    async with server_process("--port", "0") as server:
        await server.ready()
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(2_000))  # mid-sentence: nothing has ended yet
            await it.until("partial")
            async with client(server.url) as idle:
                server.signal(number)
                warning = await it.until("warning", code="draining")
                assert warning["deadline_ms"] == 20_000
                error = await it.refused("restarting")
                assert error["retryable"] is True
                assert it.transcript.text() == "w0 w1 w2 w3 w4"
                assert it.transcript.of("finalized")[0]["through_ms"] == 2_000
                await idle.refused("restarting")
        assert await server.status() == 0
    assert [e["event"] for e in server.events if e["event"] in ("ready", "draining")] == [
        "ready",
        "draining",
    ]


_SENTENCE = 5  # words of 400 ms, and a pause behind them
_PAUSE_MS = 900


async def _speak(it: Client, first: int) -> None:
    """One marked word after the other, five times as fast as speech, until nobody listens."""
    with contextlib.suppress(ConnectionClosed):
        for at in itertools.count(first, _SENTENCE):
            sound = marked(range(at, at + _SENTENCE), silent_ms=_PAUSE_MS)
            for start in range(0, len(sound), 3_200):
                await it.send(sound[start : start + 3_200])
                await asyncio.sleep(0.02)


def _words_before(ms: int) -> int:
    """How many of them have been spoken by then."""
    sentences, within = divmod(ms, _SENTENCE * WORD_MS + _PAUSE_MS)
    return sentences * _SENTENCE + min(_SENTENCE, within // WORD_MS)


async def test_a_drain_with_twenty_speakers_loses_no_word() -> None:
    async with (
        server_process(
            "--port", "0", engine={"marks": True, "delay_s": 0.01}, WIRESCRIBE_LIMITS__MAX_RATE="8"
        ) as server,
        contextlib.AsyncExitStack() as stack,
    ):
        await server.ready()
        url = server.url + "?language=en&partials=false"
        speakers = [await stack.enter_async_context(client(url)) for _ in range(20)]
        async with asyncio.TaskGroup() as speaking:
            for number, it in enumerate(speakers):
                speaking.create_task(_speak(it, 1_000 * number))
                await asyncio.sleep(0.03)  # each is at another place of its sentence
            server.signal(signal.SIGTERM)
            for it in speakers:
                await it.refused("restarting")
                await it.connection.close()
        assert await server.status() == 0
    for number, it in enumerate(speakers):
        decoded = [event["decoded_ms"] for event in it.transcript.of("ack")]
        decoded += [event["through_ms"] for event in it.transcript.of("finalized")]
        through = max(decoded, default=0)
        expected = said(range(1_000 * number, 1_000 * number + _words_before(through)))
        assert it.transcript.text().split() == expected
        assert len(expected) % _SENTENCE == 0, "nobody was interrupted"
        assert [event["code"] for event in it.transcript.of("warning")] == ["draining"]
    assert not [event for event in server.events if event["event"] == "finals_not_sent"]


async def test_what_is_being_decoded_is_waited_for() -> None:
    async with server_process("--port", "0", engine={"delay_s": 0.3}) as server:
        await server.ready()
        async with client(server.url + "?language=en&partials=false") as it:
            for _ in range(3):
                await it.send(spoken(800, then_silent_ms=1_000))
            for _ in range(3):
                await it.until("speech_ended")
            server.signal(signal.SIGTERM)
            await it.refused("restarting")
            assert len(it.transcript.finals) == 3
        assert await server.status() == 0


async def test_new_sockets_are_refused_while_draining() -> None:
    async with (
        server_process("--port", "0", engine=HANGS) as server,
        httpx2.AsyncClient(trust_env=False) as web,
    ):
        await server.ready()
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(800))
            await it.until("speech_started")
            server.signal(signal.SIGTERM)
            await it.until("warning", code="draining")
            page = f"http://127.0.0.1:{server.port}"
            async with client(server.url, origin=page) as late:
                await late.refused("restarting")
            await _denied(server.url)
            ready = await web.get(f"http://127.0.0.1:{server.port}/readyz")
            assert (ready.status_code, ready.text) == (503, "draining\n")
            live = await web.get(f"http://127.0.0.1:{server.port}/livez")
            assert live.status_code == 200
        server.signal(signal.SIGTERM)
        await server.status()


async def test_an_end_that_was_said_before_the_signal_is_kept() -> None:
    async with server_process("--port", "0", engine={"delay_s": 0.5}) as server:
        await server.ready()
        async with client(server.url + "?language=en&partials=false") as it:
            await it.send(spoken(800))
            await it.say("end")
            await it.until("speech_ended")
            server.signal(signal.SIGTERM)
            assert await it.rest() == 1000
            assert it.transcript.text() == "w0 w1"
            assert it.transcript.events[-1]["type"] == "ended"
        assert await server.status() == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 128 + 15), (signal.SIGINT, 128 + 2)]
)
async def test_the_second_signal_leaves_at_once(number: int, status: int) -> None:
    # The engine never answers: only leaving without it can end in time.
    async with server_process("--port", "0", engine=HANGS) as server:
        await server.ready()
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(2_000))
            await it.until("speech_started")
            server.signal(number)
            await it.until("warning", code="draining")
            server.signal(number)
            assert await it.rest() == 1012
        assert await server.status() == status


async def test_a_signal_while_loading_does_not_wait_for_the_model() -> None:
    port = free_port()
    async with server_process("--port", str(port), engine={"load_s": WAIT_S * 3}) as server:
        await _listens(port)
        url, page = f"ws://127.0.0.1:{port}/v1/stream", f"http://127.0.0.1:{port}"
        async with client(url, origin=page) as early:
            error = await early.refused("overloaded")
            assert error["retry_after_ms"] > 0
        assert int((await _denied(url))["retry-after"]) > 0
        server.signal(signal.SIGTERM)
        assert await server.status() == 0


async def test_an_engine_that_hangs_does_not_keep_the_process() -> None:
    async with server_process(
        "--port", "0", engine={**HANGS, "stop_s": 0.2}, WIRESCRIBE_SERVER__DRAIN_S="0.2"
    ) as server:
        await server.ready()
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(2_000))
            await it.until("speech_started")
            server.signal(signal.SIGTERM)
            await it.refused("restarting")
        assert await server.status() == 1
    assert server.events[-1]["event"] == "engine_stuck"


async def _denied(url: str) -> Headers:
    """A program hears of it before the upgrade, and a proxy that may ask another server."""
    with pytest.raises(InvalidStatus) as caught:
        async with client(url):
            pass
    assert caught.value.response.status_code == 503
    return caught.value.response.headers


async def _listens(port: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


async def test_after_kill_the_same_port_serves_again() -> None:
    port = str(free_port())
    async with server_process("--port", port) as server:
        await server.ready()
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(800))
            await it.until("speech_started")
            server.signal(signal.SIGKILL)
            assert await it.rest() == 1006
        assert await server.status() == -signal.SIGKILL
    async with server_process("--port", port) as server:
        await server.ready()
        assert (await transcribe(server.url + "?language=en", spoken(800))).text() == "w0 w1"


async def test_a_port_in_use_is_said_in_one_line_before_anything_is_loaded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with server_process("--port", str(port), real=True) as server:
            assert await server.status() == 1
    assert server.lines == [
        f"wirescribe: server.port: {port} on '127.0.0.1' is taken by another process; "
        "choose another with --port"
    ]


async def test_a_misspelt_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    config = tmp_path / "wirescribe.toml"
    config.write_text("[limits]\nmax_sesions = 3\n")
    async with server_process("--config", str(config), real=True) as server:
        assert await server.status() != 0
    (line,) = server.lines
    assert line.startswith("wirescribe: ")
    assert "'max_sesions' is not a known limits setting; did you mean 'max_sessions'?" in line


async def test_a_model_that_cannot_be_loaded_ends_the_server_with_its_reason() -> None:
    async with server_process("--port", "0", engine={"fail": "model 'x' is unknown"}) as server:
        assert await server.status() == 1
    assert server.lines[-1] == "wirescribe: model 'x' is unknown"
