"""A live session over a WebSocket: bytes out, events in.

Reading goes on in the background from the moment of connecting, so pings are answered and nothing
the server says is lost while the caller is busy sending. Events wait in a queue of ``max_events``;
when it is full, reading stops until the caller takes one (back-pressure on the socket: the server
then replaces unsent partials by newer ones, and closes 4460 on a client that never reads).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from streaming.client.errors import (
    ClientError,
    ConnectionLostError,
    MessageError,
    ServerError,
    UsageError,
)
from streaming.client.events import Ended, Event, Failed, Started
from streaming.client.options import Options, Preset
from streaming.client.protocol import (
    build_configure,
    build_end,
    build_finalize,
    build_keepalive,
    build_start,
    parse_event,
)

MAX_MESSAGE_BYTES = 256 * 1024
"""Largest audio message where the server doesn't state its limit."""

_CLOSE_WAIT_S = 5.0


class Stream:
    """One running session; made by ``connect``.

    One task may send while another iterates. Iterating ends after ``Ended`` and an orderly close;
    any other end raises the ``ClientError`` that says why, after every event that came before it.
    """

    def __init__(self, socket: ClientConnection, *, max_events: int) -> None:
        self._socket = socket
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(max_events)
        self._started: asyncio.Future[Started] = asyncio.get_running_loop().create_future()
        self._failure: ClientError | None = None
        self._closed = False
        self._ending = False
        self._finalizes = 0
        self._reader = asyncio.create_task(self._read(), name="wirescribe-reader")

    @property
    def started(self) -> Started:
        """What the server said when the session began."""
        return self._started.result()

    @property
    def close_code(self) -> int | None:
        """How the socket closed; ``None`` while it is open."""
        return self._socket.close_code

    async def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Sends audio of any length, cut to the largest message that the server takes.

        Waits while the socket's own buffer is full. Raises the session's ``ClientError`` when it
        is over, and ``UsageError`` after ``end``.
        """
        if self._ending:
            raise UsageError("send after end")
        view = memoryview(audio).cast("B")
        limit = self.started.limits.max_message_bytes or MAX_MESSAGE_BYTES
        for offset in range(0, len(view), limit):
            await self._transmit(view[offset : offset + limit])

    async def finalize(self, id: str | None = None) -> str:
        """Asks for all audio sent so far to be decoded; returns the ``Finalized``'s id."""
        self._finalizes += 1
        name = str(self._finalizes) if id is None else id
        await self._transmit(build_finalize(name))
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
        await self._transmit(
            build_configure(
                language=language,
                languages=languages,
                prompt=prompt,
                hotwords=hotwords,
                endpointing=endpointing,
                silence_ms=silence_ms,
                sentence_silence_ms=sentence_silence_ms,
                max_segment_ms=max_segment_ms,
            )
        )

    async def keepalive(self) -> None:
        """Keeps the session open while there is nothing to send."""
        await self._transmit(build_keepalive())

    async def end(self) -> None:
        """Says that no more audio comes; iterate on for the rest and ``Ended``. May be repeated."""
        if not self._ending:
            self._ending = True
            await self._transmit(build_end())

    async def abort(self) -> None:
        """Closes at once, without waiting for what was still to be said."""
        self._reader.cancel()
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Every event from ``Started`` on, each once."""
        while not (self._closed and self._events.empty()):
            event = await self._events.get()
            if event is None:
                break
            yield event
        if self._failure is not None:
            raise self._failure

    async def start(self, options: Options) -> None:
        """Sends ``start`` and waits for ``Started``; ``connect`` does this."""
        await self._transmit(build_start(options))
        waited: list[asyncio.Future[Any]] = [self._started, self._reader]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not self._started.done():
            raise self._failure or ConnectionLostError(self._socket.close_code or 1006)

    async def _transmit(self, message: str | memoryview) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            await self._socket.send(message)
        except ConnectionClosed as closed:
            # The reader may still be taking in the error that explains the close.
            await asyncio.wait([self._reader], timeout=_CLOSE_WAIT_S)
            raise self._failure or _lost(closed) from closed

    async def _read(self) -> None:
        ended = False
        try:
            async for frame in self._socket:
                if isinstance(frame, bytes):
                    raise MessageError("a binary frame from the server")
                event = parse_event(frame)
                if event is None:
                    continue
                if isinstance(event, Failed):
                    self._failure = await self._refused(event)
                    return
                if isinstance(event, Started) and not self._started.done():
                    self._started.set_result(event)
                ended = ended or isinstance(event, Ended)
                await self._events.put(event)
            if not ended:
                self._failure = ConnectionLostError(self._socket.close_code or 1005)
        except MessageError as error:
            self._failure = error
            await self._socket.close(1002, "not understood")
        except ConnectionClosed as closed:
            if not ended:
                self._failure = _lost(closed)
        finally:
            self._closed = True
            self._wake_iterator()

    async def _refused(self, failed: Failed) -> ServerError:
        # The close follows the error; its code belongs to the exception.
        try:
            async with asyncio.timeout(_CLOSE_WAIT_S):
                await self._socket.wait_closed()
        except TimeoutError:
            await self._socket.close()
        return ServerError(
            failed.message or failed.code,
            code=failed.code,
            retryable=failed.retryable,
            retry_after_ms=failed.retry_after_ms,
            close_code=self._socket.close_code,
        )

    def _wake_iterator(self) -> None:
        # A full queue needs no mark: its reader sees ``_closed`` once it has emptied it.
        if not self._events.full():
            self._events.put_nowait(None)


def _lost(closed: ConnectionClosed) -> ConnectionLostError:
    received = closed.rcvd
    if received is None:
        return ConnectionLostError(1006)
    return ConnectionLostError(received.code, received.reason)
