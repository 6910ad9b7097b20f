"""The Python clients, with an event loop and without, through every scenario."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import pytest

from streaming.client import Backoff, ClientError, Event, Failed, Final, Warned, connect
from streaming.client.sync import SyncStream, connect_sync
from tests.conformance.player import Playing, playing
from tests.conformance.scenario import Signal, Step, fits, scenarios, wanted

QUICK = Backoff(base_ms=5, max_ms=20, attempts=4)
CHUNK_MS = 40
WAIT_S = 20.0


def as_on_the_wire(event: Event) -> dict[str, Any]:
    """An event with its type's name, as JavaScript has it."""
    assert not isinstance(event, Failed)
    fields = dataclasses.asdict(event)
    if isinstance(event, Final):
        fields["words"] = list(fields["words"])
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    if isinstance(event, Warned):
        kind, fields["detail"] = "warning", dict(event.detail)
    return {"type": kind} | fields


class Client(Protocol):
    """As much of a stream as scenarios use."""

    @property
    def state(self) -> str: ...
    async def send(self, audio: bytes) -> None: ...
    async def finalize(self) -> str: ...
    async def configure(self, **settings: Any) -> None: ...
    async def end(self) -> None: ...
    async def abort(self) -> None: ...
    def __aiter__(self) -> AsyncIterator[Event]: ...


Opened = Callable[..., AbstractAsyncContextManager[Client]]


class InThreads:
    """The client without an event loop, each call made in a thread."""

    def __init__(self, stream: SyncStream) -> None:
        self._stream = stream

    @property
    def state(self) -> str:
        return self._stream.state

    async def send(self, audio: bytes) -> None:
        await asyncio.to_thread(self._stream.send, audio)

    async def finalize(self) -> str:
        return await asyncio.to_thread(self._stream.finalize)

    async def configure(self, **settings: Any) -> None:
        await asyncio.to_thread(self._stream.configure, **settings)

    async def end(self) -> None:
        await asyncio.to_thread(self._stream.end)

    async def abort(self) -> None:
        await asyncio.to_thread(self._stream.abort)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await asyncio.to_thread(self._stream.next_event)) is not None:
            yield event


@asynccontextmanager
async def connect_in_threads(url: str, **options: Any) -> AsyncIterator[InThreads]:
    connection = connect_sync(url, **options)
    stream = await asyncio.to_thread(connection.__enter__)
    try:
        yield InThreads(stream)
    finally:
        await asyncio.to_thread(connection.__exit__, None, None, None)


class Play:
    """A client that does what a scenario says, and everything it heard."""

    def __init__(self, stream: Client, signal: Signal, server: Playing) -> None:
        self._stream = stream
        self._signal = signal
        self._server = server
        self._looked_at = 0
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self.events: list[dict[str, Any]] = []
        self.failure: ClientError | None = None

    async def listen(self) -> None:
        """Hear everything up to the end."""
        try:
            async for event in self._stream:
                self.events.append(as_on_the_wire(event))
                self._news.set()
        except ClientError as error:
            self.failure = error
        self._over.set()
        self._news.set()

    async def do(self, step: Step) -> None:
        """One step."""
        stream, server = self._stream, self._server
        match step:
            case {"send": [start, end]}:
                for chunk in self._chunks(start, end, step.get("chunk_bytes")):
                    await stream.send(chunk)
            case {"finalize": _}:
                await stream.finalize()
            case {"configure": settings}:
                await stream.configure(**settings)
            case {"hear": expected}:
                await self._hear(expected)
            case {"signal": name}:
                server.signals.give(name)
            case {"await": name}:
                await server.signals.wait(name)
            case {"state": expected}:
                assert stream.state == expected
            case {"connections": count}:
                assert len(server.connections) == count
            case {"received_at_most_ms": ms}:
                assert server.connections[-1].audio_ms <= ms
            case {"end": _}:
                await stream.end()
            case {"abort": _}:
                await stream.abort()
            case {"closed": _}:
                await self._over.wait()
            case _:
                raise ValueError(f"no step: {step}")

    def _chunks(self, start: int, end: int, size: int | None) -> list[bytes]:
        whole = self._signal.sound(start, end)
        step = size or self._signal.frames(CHUNK_MS) * self._signal.frame_bytes
        return [whole[at : at + step] for at in range(0, len(whole), step)]

    async def _hear(self, expected: Any) -> None:
        """Wait for an event behind the one that was waited for last."""
        while True:
            for place in range(self._looked_at, len(self.events)):
                if fits(self.events[place], expected):
                    self._looked_at = place + 1
                    return
            assert self.failure is None, self.failure
            self._news.clear()
            await self._news.wait()


@pytest.mark.parametrize("opened", [connect, connect_in_threads], ids=["asyncio", "threads"])
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["name"])
async def test_scenario(scenario: dict[str, Any], opened: Opened) -> None:
    signal = Signal(**scenario.get("audio", {}))
    asked = scenario.get("client", {})
    options: dict[str, Any] = scenario.get("audio", {}) | scenario.get("start", {})
    if "buffer_ms" in asked:
        options["buffer_s"] = asked["buffer_ms"] / 1000
    if "overflow" in asked:
        options["overflow"] = asked["overflow"]
    options["reconnect"] = QUICK if asked.get("reconnect", True) else False

    async with asyncio.timeout(WAIT_S), playing(scenario["server"], signal) as server:
        if "connect_fails" in scenario:
            with pytest.raises(ClientError) as caught:
                async with opened(server.url, **options):
                    pytest.fail("no session")
            assert caught.value.code == scenario["connect_fails"]
        else:
            async with opened(server.url, **options) as stream:
                play = Play(stream, signal, server)
                listening = asyncio.create_task(play.listen())
                for step in scenario["do"]:
                    await play.do(step)
                await listening
            assert stream.state == "closed"
            judge_events(scenario, play)
    judge_connections(scenario, server, signal)


def judge_events(scenario: dict[str, Any], play: Play) -> None:
    """What was heard, and how it ended."""
    fails = scenario.get("fails")
    if fails is None:
        assert play.failure is None, play.failure
    else:
        assert play.failure is not None
        assert fails is True or play.failure.code == fails
    only = scenario.get("hear_only")
    heard = [
        event
        for event in play.events
        if (event["type"] in only if only else event["type"] != "ack")
    ]
    for told, expected in zip(heard, scenario["events"], strict=False):
        assert fits(told, expected), (expected, told)
    assert [e["type"] for e in heard] == [wanted(e)["type"] for e in scenario["events"]]


def judge_connections(scenario: dict[str, Any], server: Playing, signal: Signal) -> None:
    """What the server got."""
    expected = scenario.get("connections", scenario["server"])
    assert len(server.connections) == len(expected)
    if "connections" not in scenario:
        return
    for number, (played, wish) in enumerate(zip(server.connections, expected, strict=True)):
        if "resume" in wish:
            assert played.start.get("resume") == wish["resume"], number
        for name, value in wish.get("start", {}).items():
            assert played.start[name] == value
        for name in wish.get("without", ()):
            assert name not in played.start
        if "audio" in wish:
            whole = signal.expected(wish["audio"])
            assert len(played.audio) == len(whole), (number, played.audio_ms)
            assert bytes(played.audio) == whole, number
        if "texts" in wish:
            assert [text for text, _ in played.texts] == wish["texts"], number
        if "at_ms" in wish:
            assert [at for _, at in played.texts] == wish["at_ms"], number
