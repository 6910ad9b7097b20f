"""A bad network on the loopback: what goes through it is cut, stalled, slowed, led elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PIECE = 65_536


class Pipe:
    """One connection through the proxy, in both directions."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.bytes_up = 0
        self.bytes_down = 0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.over = asyncio.Event()

    def cut(self, *, reset: bool = True) -> None:
        """End it: with a reset on both sides, or with an orderly end of both streams."""
        for writer in (self.client, self.server):
            if reset:
                plain: socket.socket = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    linger = struct.pack("ii", 1, 0)
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort() if reset else writer.close()
        self.flowing.set()

    def stall(self) -> None:
        """Let nothing through any more, and tell nobody: both sides believe it is open."""
        self.flowing.clear()

    def resume(self) -> None:
        """Let it flow again."""
        self.flowing.set()


class Proxy:
    """Where clients connect to; ``target`` may change from one connection to the next."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay_s = 0.0
        self.refusing = False
        self.pipes: list[Pipe] = []
        self.opened = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The stream's address through the proxy."""
        return f"ws://127.0.0.1:{self.port}/v1/stream"

    def cut_all(self, *, reset: bool = True) -> int:
        """Cut whatever is open; return how many that were."""
        pipes = [pipe for pipe in self.pipes if not pipe.over.is_set()]
        for pipe in pipes:
            pipe.cut(reset=reset)
        return len(pipes)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._join(reader, client)
        finally:
            self._tasks.discard(task)
            client.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self.refusing:
            return
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return
        self.opened += 1
        pipe = Pipe(client, server)
        self.pipes.append(pipe)
        up = asyncio.create_task(self._carry(pipe, reader, server, up=True))
        down = asyncio.create_task(self._carry(pipe, answers, client, up=False))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            # The other direction may still have something on the way: a close frame's answer.
            await asyncio.wait({up, down}, timeout=0.2)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            server.transport.abort()
            pipe.over.set()
            self.pipes.remove(pipe)

    async def _carry(
        self, pipe: Pipe, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, up: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(_PIECE):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await pipe.flowing.wait()
                if up:
                    pipe.bytes_up += len(data)
                else:
                    pipe.bytes_down += len(data)
                sink.write(data)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()

    async def close(self) -> None:
        """Cut everything and wait until it is gone."""
        self.refusing = True
        self.cut_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    """A proxy on a free port of the loopback, before the server on ``target``."""
    it = Proxy(target)
    server = await asyncio.start_server(it._serve, "127.0.0.1", 0)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        await it.close()
