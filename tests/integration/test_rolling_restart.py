"""Two servers behind nginx are restarted one after the other, while clients speak on."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from streaming.auth.keys import digest_of, new_key
from streaming.client import Final, Reconnected, connect
from streaming.client.stream import Stream
from tests.integration.process import ServerProcess, free_port, server_process
from tests.integration.proxy import nginx
from tests.support.marked import marked, said

pytestmark = pytest.mark.timeout(120)

_CLIENTS = 8
_SENTENCE = 5  # words, then a pause that ends the segment
_CHUNK = 3_200  # 100 ms of sound
_PACE_S = 0.02  # between chunks: five times as fast as speech
_KEY = new_key()


class Speaker:
    """A client that says one numbered word after the other until it is told to stop."""

    def __init__(self, number: int, stop: asyncio.Event) -> None:
        self._first = number * 10_000
        self._stop = stop
        self._sentences = 0
        self.heard: list[str] = []
        self.resumptions: list[bool] = []

    @property
    def expected(self) -> list[str]:
        return said(range(self._first, self._first + self._sentences * _SENTENCE))

    async def run(self, url: str) -> None:
        async with connect(url, token=_KEY, language="en", partials=False) as stream:
            speaking = asyncio.create_task(self._speak(stream))
            async for event in stream:
                if isinstance(event, Final):
                    self.heard += event.text.split()
                elif isinstance(event, Reconnected):
                    self.resumptions.append(event.resumed)
            await speaking

    async def _speak(self, stream: Stream) -> None:
        while not self._stop.is_set():
            at = self._first + self._sentences * _SENTENCE
            self._sentences += 1
            sound = marked(range(at, at + _SENTENCE), silent_ms=900)
            for start in range(0, len(sound), _CHUNK):
                await stream.send(sound[start : start + _CHUNK])
                await asyncio.sleep(_PACE_S)
        await stream.end()


async def test_a_rolling_restart_loses_no_word_and_doubles_none(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    stop = asyncio.Event()
    speakers = [Speaker(number, stop) for number in range(_CLIENTS)]
    async with AsyncExitStack() as stack:

        async def start(port: int) -> ServerProcess:
            server = await stack.enter_async_context(
                server_process(
                    "--port",
                    str(port),
                    engine={"marks": True},
                    WIRESCRIBE_LIMITS__MAX_RATE="8",
                    WIRESCRIBE_SERVER__TRUSTED_PROXIES="127.0.0.1",
                    WIRESCRIBE_AUTH__KEYS=f"test:{digest_of(_KEY)}",
                )
            )
            await server.ready()
            return server

        servers = [await start(port) for port in ports]
        gate = await stack.enter_async_context(nginx(tmp_path, *ports))
        url = f"ws://127.0.0.1:{gate}/v1/stream"
        async with asyncio.TaskGroup() as speaking:
            for speaker in speakers:
                speaking.create_task(speaker.run(url))
            for number, port in enumerate(ports):
                await asyncio.sleep(0.7)  # so that all are in the middle of something
                servers[number].signal(signal.SIGTERM)
                assert await servers[number].status() == 0
                servers[number] = await start(port)
            await asyncio.sleep(0.7)
            stop.set()
    for speaker in speakers:
        assert speaker.heard == speaker.expected
        assert speaker.resumptions, "it has been on a server that went down"
    served = [event["event"] for server in servers for event in server.events]
    assert "session_started" in served
