"""A server that plays one scenario: a real socket, and a list of steps for each connection."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.conformance.scenario import Signal, Step, event, started


class Signals:
    """What client and server tell each other outside the socket, so that no test has to sleep."""

    def __init__(self) -> None:
        self._given: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def give(self, name: str) -> None:
        """Let whoever waits for it go on."""
        self._given[name].set()

    async def wait(self, name: str) -> None:
        """Wait for it."""
        await self._given[name].wait()


class Played:
    """One connection as the server saw it."""

    def __init__(self, socket: ServerConnection, signal: Signal, signals: Signals) -> None:
        self._socket = socket
        self._signal = signal
        self._signals = signals
        self.start: dict[str, Any] = {}
        self.audio = bytearray()
        self.texts: list[tuple[str, int]] = []
        self._looked_at = 0
        self._resumed_ms = 0

    @property
    def audio_ms(self) -> int:
        """Audio received on this connection."""
        return len(self.audio) // self._signal.frame_bytes * 1000 // self._signal.sample_rate

    async def play(self, steps: list[Step]) -> None:
        """Take ``start`` and do what the script says; then read until the client goes."""
        first = await self._socket.recv()
        assert isinstance(first, str), "audio before start"
        self.start = json.loads(first)
        for step in steps:
            await self._do(step)
        while True:
            await self._receive()

    async def _do(self, step: Step) -> None:
        match step:
            case {"started": fields}:
                self._resumed_ms = fields.get("resumed_from_ms", 0)
                await self._send(started(fields))
            case {"until_ms": ms}:
                while len(self.audio) < self._signal.frames(ms) * self._signal.frame_bytes:
                    await self._receive()
            case {"until": kind}:
                while kind not in [text for text, _ in self.texts[self._looked_at :]]:
                    await self._receive()
                self._looked_at = len(self.texts)
            case {"await": name}:
                await self._signals.wait(name)
            case {"signal": name}:
                self._signals.give(name)
            case {"cut": _}:
                self._socket.transport.abort()
                await self._socket.wait_closed()
            case {"close": code}:
                await self._socket.close(code)
            case {"ended": [segments, words]}:
                ms = self._resumed_ms + self.audio_ms
                seq = {"seq": step["seq"]} if "seq" in step else {}
                said = {"type": "ended", "audio_ms": ms, "segments": segments, "words": words}
                await self._send(said | seq)
                await self._socket.close(1000)
            case _:
                await self._send(event(step))

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send(json.dumps(message))

    async def _receive(self) -> None:
        message = await self._socket.recv()
        if isinstance(message, bytes):
            self.audio += message
        else:
            self.texts.append((json.loads(message)["type"], self.audio_ms))


class Playing:
    """The server's address, and its connections so far."""

    def __init__(self, url: str, signals: Signals) -> None:
        self.url = url
        self.signals = signals
        self.connections: list[Played] = []
        self.faults: list[BaseException] = []


@asynccontextmanager
async def playing(script: list[list[Step]], signal: Signal) -> AsyncIterator[Playing]:
    """Play a script on a free loopback port; connections it has no steps for are faults."""
    it = Playing("", Signals())

    async def handle(socket: ServerConnection) -> None:
        played = Played(socket, signal, it.signals)
        it.connections.append(played)
        try:
            await played.play(script[len(it.connections) - 1])
        except ConnectionClosed:
            pass
        except BaseException as fault:
            it.faults.append(fault)
            raise

    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=2**22) as server:
        it.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield it
    assert not it.faults, it.faults
