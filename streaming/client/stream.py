"""A live stream: bytes out, events in, over as many connections as it takes.

Reading goes on in the background from the moment of connecting, so pings are answered and nothing
the server says is lost while the caller is busy sending. Events wait in a queue of ``max_events``;
when it is full, reading stops until the caller takes one (back-pressure on the socket: the server
then replaces unsent partials by newer ones, and closes 4460 on a client that never reads).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from streaming.client.backoff import Backoff
from streaming.client.continuity import Continuity
from streaming.client.errors import (
    ClientError,
    ConnectionLostError,
    MessageError,
    UsageError,
    moves_on,
    retry_after_ms,
)
from streaming.client.events import (
    Ended,
    Event,
    Failed,
    Queued,
    Reconnecting,
    Started,
    Warned,
)
from streaming.client.inbox import Inbox
from streaming.client.link import lost, refusal, unanswered
from streaming.client.options import Preset
from streaming.client.protocol import build_keepalive, parse_numbered

State = Literal["connecting", "queued", "open", "reconnecting", "stopping", "closed"]

_SLICE_BYTES = 16_384
_HIGH_WATER_BYTES = 65_536
_STEADY_S = 10.0  # a connection that lasted so long was a good one
_DRAIN_GRACE_S = 5.0


class Stream:
    """One running stream; made by ``connect``.

    One task may send while another iterates. Iterating ends after ``Ended`` and an orderly close;
    any other end raises the ``ClientError`` that says why, after every event that came before it.
    """

    def __init__(
        self,
        open_socket: Callable[[], Awaitable[ClientConnection]],
        continuity: Continuity,
        *,
        backoff: Backoff | None,
        max_events: int,
        open_timeout_s: float,
        on_queued: Callable[[Queued], object] | None = None,
    ) -> None:
        self._open_socket = open_socket
        self._continuity = continuity
        self._backoff = backoff
        self._open_timeout_s = open_timeout_s
        self._on_queued = on_queued
        self._inbox = Inbox(max_events)
        self._started: asyncio.Future[Started] = asyncio.get_running_loop().create_future()
        self._socket: ClientConnection | None = None
        self._state: State = "connecting"
        self._attempt = 0
        self._finalizes = 0
        self._opened_s = 0.0
        self._work = asyncio.Event()
        self._moved = asyncio.Event()
        self._running = asyncio.create_task(self._run(), name="wirescribe-stream")

    # -- what it is ----------------------------------------------------------------------------

    @property
    def started(self) -> Started:
        """What the server said when the session began that runs now."""
        return self._started.result()

    @property
    def state(self) -> State:
        """Where the stream stands; ``stopping`` is between ``end`` and ``Ended``."""
        if self._state == "open" and self._continuity.ending:
            return "stopping"
        return self._state

    @property
    def sent_ms(self) -> int:
        """Audio taken by ``send`` so far, in the time of all events."""
        return self._continuity.sent_ms

    @property
    def close_code(self) -> int | None:
        """How the last socket closed; ``None`` while it is open."""
        return self._socket.close_code if self._socket is not None else None

    # -- what the application does -------------------------------------------------------------

    async def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Takes audio of any length; sends it, and keeps it until the server needs it no more.

        Waits while the buffers are full, unless the stream was opened with ``drop_oldest``. Raises
        the stream's ``ClientError`` when it is over, and ``UsageError`` after ``end``.
        """
        if self._continuity.ending:
            raise UsageError("send after end")
        view = memoryview(audio).cast("B")
        for offset in range(0, len(view), _SLICE_BYTES):
            await self._take(view[offset : offset + _SLICE_BYTES])

    async def finalize(self, id: str | None = None) -> str:
        """Asks for all audio sent so far to be decoded; returns the ``Finalized``'s id."""
        self._check()
        self._finalizes += 1
        name = str(self._finalizes) if id is None else id
        self._continuity.finalize(name)
        self._work.set()
        return name

    async def configure(
        self,
        *,
        language: str | None = None,
        languages: Sequence[str] | None = None,
        prompt: str | None = None,
        hotwords: Sequence[str] | None = None,
        endpointing: Preset | None = None,
        silence_ms: int | None = None,
        sentence_silence_ms: int | None = None,
        max_segment_ms: int | None = None,
    ) -> None:
        """Changes settings from the next segment on."""
        self._check()
        self._continuity.configure(
            {
                "language": language,
                "languages": languages,
                "prompt": prompt,
                "hotwords": hotwords,
                "endpointing": endpointing,
                "silence_ms": silence_ms,
                "sentence_silence_ms": sentence_silence_ms,
                "max_segment_ms": max_segment_ms,
            }
        )
        self._work.set()

    async def keepalive(self) -> None:
        """Keeps the session open while there is nothing to send."""
        self._check()
        if self._state == "open" and self._socket is not None:
            try:
                await self._socket.send(build_keepalive())
            except ConnectionClosed:
                return  # the reader finds out why

    async def end(self) -> None:
        """Says that no more audio comes; iterate on for the rest and ``Ended``. May be repeated."""
        if not self._continuity.ending:
            self._check()
            self._continuity.end()
            self._work.set()

    async def abort(self) -> None:
        """Closes at once, without waiting for what was still to be said."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Every event from ``Started`` on, each once."""
        async for event in self._inbox.read():
            yield event

    async def opened(self) -> None:
        """Waits for the first ``Started``; ``connect`` does this."""
        waited: list[asyncio.Future[Any]] = [self._started, self._running]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not self._started.done():
            raise self._inbox.failure or ConnectionLostError(1006)

    # -- sending -------------------------------------------------------------------------------

    async def _take(self, piece: memoryview) -> None:
        continuity = self._continuity
        self._check()
        while not continuity.room(len(piece), unread=self._inbox.full):
            if self._inbox.full and self.close_code is not None:
                raise ClientError(
                    "events are waiting to be read: the stream can't go on",
                    code="events_unread",
                    retryable=False,
                )
            await self._wait_for_room()
        for gap in continuity.append(piece):
            self._inbox.put_soon(gap)
        self._work.set()
        if continuity.dropping:
            await asyncio.sleep(0)  # the sender's turn: only what it can't send is to be given up
        while self._must_drain():
            await self._wait_for_room()

    def _must_drain(self) -> bool:
        continuity = self._continuity
        if self._state != "open" or self.close_code is not None or continuity.dropping:
            return False
        return continuity.unsent > _HIGH_WATER_BYTES and not continuity.waits

    async def _wait_for_room(self) -> None:
        self._moved.clear()
        await self._moved.wait()
        self._check()

    def _check(self) -> None:
        if self._inbox.failure is not None:
            raise self._inbox.failure

    async def _send_all(self, socket: ClientConnection) -> None:
        try:
            while True:
                message = self._continuity.outgoing()
                self._moved.set()
                if message is None:
                    self._work.clear()
                    await self._work.wait()
                else:
                    await socket.send(message)
        except ConnectionClosed:
            self._moved.set()  # the reader finds out why

    # -- connections ---------------------------------------------------------------------------

    async def _run(self) -> None:
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
            self._moved.set()

    async def _connection(self) -> ClientError | None:
        """Serve one connection from opening to close; return why it ended, None for the end."""
        try:
            socket = self._socket = await self._open_socket()
        except ClientError as error:
            return error
        self._opened_s = asyncio.get_running_loop().time()
        sender = asyncio.create_task(self._send_all(socket), name="wirescribe-sender")
        try:
            await socket.send(self._continuity.opening())
            return await self._read(socket)
        except ConnectionClosed as closed:
            return lost(closed)
        except MessageError as error:
            await socket.close(1002, "not understood")
            return error
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            await socket.close()

    async def _read(self, socket: ClientConnection) -> ClientError | None:
        ended = started = False
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
                        left = dict(event.detail).get("deadline_ms")
                        wait_s = left / 1000 if isinstance(left, int) else 0
                        now = asyncio.get_running_loop().time()
                        deadline.reschedule(now + wait_s + _DRAIN_GRACE_S)
                    ended = await self._hear(event, number) or ended
        except ConnectionClosed as closed:
            return None if ended else lost(closed)
        except TimeoutError:
            return ConnectionLostError(1006) if started else unanswered(self._open_timeout_s)
        return None if ended else ConnectionLostError(socket.close_code or 1005)

    async def _hear(self, event: Event | None, number: int | None) -> bool:
        """Pass an event on; return whether it was the end."""
        told = self._continuity.received(event, number)
        if isinstance(event, Queued):
            self._state = "queued"
            if self._on_queued is not None:
                self._on_queued(event)
        elif isinstance(event, Started):
            self._state = "open"
            if self._started.done():
                self._started = asyncio.get_running_loop().create_future()
            self._started.set_result(event)
        self._work.set()
        self._moved.set()
        for each in told:
            await self._inbox.put(each)
        return any(isinstance(each, Ended) for each in told)

    async def _pause(self, error: ClientError) -> bool:
        """Wait for the next try; False where there is none to come."""
        steady = asyncio.get_running_loop().time() - self._opened_s >= _STEADY_S
        if self._continuity.closed(error) or steady:
            self._attempt = 0
        again = error.retryable or error.code == "unknown_session"
        if self._backoff is None or not self._started.done() or not again:
            return False
        delay = self._backoff.delay_ms(
            self._attempt,
            retry_after_ms=retry_after_ms(error),
            at_once=moves_on(error),
        )
        if delay is None:
            return False
        self._attempt += 1
        self._state = "reconnecting"
        self._moved.set()
        asleep = error.code == "idle_timeout" and self._continuity.idle
        await self._inbox.put(Reconnecting(self._attempt, None if asleep else delay, error.code))
        while asleep and self._continuity.idle:
            self._work.clear()
            await self._work.wait()
        await asyncio.sleep(delay / 1000)
        return True
