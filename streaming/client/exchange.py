"""Both directions of one connection, from ``start`` to the close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from streaming.client.continuity import Continuity
from streaming.client.errors import ClientError, ConnectionLostError, MessageError
from streaming.client.events import Event, Failed, Queued, Started, Warned
from streaming.client.link import lost, refusal, unanswered
from streaming.client.protocol import parse_numbered

Hear = Callable[[Event | None, int | None], Awaitable[bool]]
"""Takes an event and its number; says whether it was the end of the stream."""

_DRAIN_GRACE_S = 5.0


class Work:
    """What sender and application wait for."""

    def __init__(self) -> None:
        self.there = asyncio.Event()
        """There may be something to send."""
        self.moved = asyncio.Event()
        """There may be room for more, or it is over."""


class Exchange:
    """One connection; ``hear`` takes what the server says, and may take its time."""

    def __init__(
        self,
        socket: ClientConnection,
        continuity: Continuity,
        work: Work,
        hear: Hear,
        *,
        open_timeout_s: float,
    ) -> None:
        self._socket = socket
        self._continuity = continuity
        self._work = work
        self._hear = hear
        self._open_timeout_s = open_timeout_s

    async def run(self) -> ClientError | None:
        """Serve it up to its close; return why that came, None for the end of the stream."""
        socket = self._socket
        sender = asyncio.create_task(self._send_all(), name="wirescribe-sender")
        try:
            await socket.send(self._continuity.opening())
            return await self._read()
        except ConnectionClosed as closed:
            return lost(closed)
        except MessageError as error:
            await socket.close(1002, "not understood")
            return error
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            await socket.close()

    async def _send_all(self) -> None:
        work = self._work
        try:
            while True:
                message = self._continuity.outgoing()
                work.moved.set()
                if message is None:
                    work.there.clear()
                    await work.there.wait()
                else:
                    await self._socket.send(message)
        except ConnectionClosed:
            work.moved.set()  # the reader finds out why

    async def _read(self) -> ClientError | None:
        ended = started = False
        socket = self._socket
        try:
            async with asyncio.timeout(self._open_timeout_s) as deadline:
                async for frame in socket:
                    if isinstance(frame, bytes):
                        raise MessageError("a binary frame from the server")
                    event, number = parse_numbered(frame)
                    if isinstance(event, Failed):
                        deadline.reschedule(None)
                        return await refusal(socket, event)
                    if isinstance(event, Started | Queued):
                        deadline.reschedule(None)
                        started = started or isinstance(event, Started)
                    if isinstance(event, Warned) and event.code == "draining":
                        deadline.reschedule(_when_drained(event))
                    ended = await self._hear(event, number) or ended
        except ConnectionClosed as closed:
            return None if ended else lost(closed)
        except TimeoutError:
            return ConnectionLostError(1006) if started else unanswered(self._open_timeout_s)
        return None if ended else ConnectionLostError(socket.close_code or 1005)


def _when_drained(warned: Warned) -> float:
    """When a server that wants to be left should have closed, by the loop's clock."""
    left = dict(warned.detail).get("deadline_ms")
    wait_s = left / 1000 if isinstance(left, int) else 0
    return asyncio.get_running_loop().time() + wait_s + _DRAIN_GRACE_S
