"""What carries a stream: one connection, and another where it is lost, until the end or a failure.

Reading goes on from the moment of connecting, so pings are answered and nothing the server says is
lost while the caller is busy sending. Events wait in the inbox; when it is full, reading stops
until the caller takes one (back-pressure on the socket: the server then replaces unsent partials by
newer ones, and closes 4460 on a client that never reads).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from websockets.asyncio.client import ClientConnection

from streaming.client.backoff import Backoff
from streaming.client.continuity import Continuity
from streaming.client.errors import ClientError, ConnectionLostError, moves_on, retry_after_ms
from streaming.client.events import Ended, Event, Queued, Reconnecting, Started
from streaming.client.exchange import Exchange, Work
from streaming.client.inbox import Inbox

State = Literal["connecting", "queued", "open", "reconnecting", "stopping", "closed"]

_STEADY_S = 10.0  # a connection that lasted so long was a good one


class Carrier:
    """Opens sockets for a stream and brings its events to the inbox; ``run`` does it."""

    def __init__(
        self,
        open_socket: Callable[[], Awaitable[ClientConnection]],
        continuity: Continuity,
        inbox: Inbox,
        *,
        backoff: Backoff | None,
        open_timeout_s: float,
        on_queued: Callable[[Queued], object] | None,
    ) -> None:
        self._open_socket = open_socket
        self._continuity = continuity
        self._inbox = inbox
        self._backoff = backoff
        self._open_timeout_s = open_timeout_s
        self._on_queued = on_queued
        self._attempt = 0
        self._opened_s = 0.0
        self._state: State = "connecting"
        self._first = asyncio.Event()
        self.started: Started | None = None
        self.socket: ClientConnection | None = None
        self.work = Work()

    @property
    def state(self) -> State:
        """Where the stream stands; ``stopping`` is between ``end`` and ``Ended``."""
        if self._state == "open" and self._continuity.ending:
            return "stopping"
        return self._state

    @property
    def close_code(self) -> int | None:
        """How the last socket closed; None while it is open."""
        return self.socket.close_code if self.socket is not None else None

    async def opened(self) -> None:
        """Wait for the first ``Started``; raises why there will be none."""
        await self._first.wait()
        if self.started is None:
            raise self._inbox.failure or ConnectionLostError(1006)

    async def run(self) -> None:
        """Go on until the stream is over; the inbox is told how it ended."""
        failure: ClientError | None = None
        try:
            while (failure := await self._connection()) is not None:
                if not await self._pause(failure):
                    break
        except asyncio.CancelledError:
            failure = ClientError("the stream was aborted", code="aborted", retryable=False)
            raise
        except Exception as fault:  # the caller's own function, or a defect of this package
            failure = ClientError(f"failed: {fault!r}", code="internal", retryable=False)
            failure.__cause__ = fault
        finally:
            self._state = "closed"
            self._inbox.close(failure)
            self.work.moved.set()
            self._first.set()

    async def _connection(self) -> ClientError | None:
        """Serve one connection from opening to close; return why it ended, None for the end."""
        try:
            socket = self.socket = await self._open_socket()
        except ClientError as error:
            return error
        self._opened_s = asyncio.get_running_loop().time()
        exchange = Exchange(
            socket, self._continuity, self.work, self._hear, open_timeout_s=self._open_timeout_s
        )
        return await exchange.run()

    async def _hear(self, event: Event | None, number: int | None) -> bool:
        """Pass an event on; return whether it was the end."""
        told = self._continuity.received(event, number)
        if isinstance(event, Queued):
            self._state = "queued"
            if self._on_queued is not None:
                self._on_queued(event)
        elif isinstance(event, Started):
            self._state = "open"
            self.started = event
            self._first.set()
        self.work.there.set()
        self.work.moved.set()
        for each in told:
            await self._inbox.put(each)
        return any(isinstance(each, Ended) for each in told)

    async def _pause(self, error: ClientError) -> bool:
        """Wait for the next try; False where there is none to come."""
        steady = asyncio.get_running_loop().time() - self._opened_s >= _STEADY_S
        if self._continuity.closed(error) or steady:
            self._attempt = 0
        again = error.retryable or error.code == "unknown_session"
        if self._backoff is None or self.started is None or not again:
            return False
        delay = self._backoff.delay_ms(
            self._attempt, retry_after_ms=retry_after_ms(error), at_once=moves_on(error)
        )
        if delay is None:
            return False
        self._attempt += 1
        self._state = "reconnecting"
        self.work.moved.set()
        asleep = error.code == "idle_timeout" and self._continuity.idle
        await self._inbox.put(Reconnecting(self._attempt, None if asleep else delay, error.code))
        while asleep and self._continuity.idle:
            self.work.there.clear()
            await self.work.there.wait()
        await asyncio.sleep(delay / 1000)
        return True
