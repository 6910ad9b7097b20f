"""A network cable between browser and server, which can be pulled out and put back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Cable:
    """Forwards connections of this machine to another port of it, while it is plugged in."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self._to_port = to_port
        self._plugged = True
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The server's address, as the browser has it."""
        return f"http://127.0.0.1:{self.port}"

    def pull(self) -> None:
        """Nothing comes through any more; what was open is lost."""
        self._plugged = False
        for writer in self._open:
            writer.transport.abort()

    def plug(self) -> None:
        """New connections come through again."""
        self._plugged = True

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._open.add(writer)
        try:
            if self._plugged:
                await self._forward(reader, writer)
        except OSError:
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._open.add(far_writer)
        ways = [
            asyncio.create_task(_pump(reader, far_writer)),
            asyncio.create_task(_pump(far_reader, writer)),
        ]
        try:
            await asyncio.gather(*ways)
        finally:
            for way in ways:
                way.cancel()
            self._open.discard(far_writer)
            far_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def cable(to_port: int) -> AsyncIterator[Cable]:
    """A cable to a port of this machine."""
    made = Cable(to_port)
    server = await asyncio.start_server(made.connected, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.pull()
        server.close()
