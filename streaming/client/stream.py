"""A live stream: bytes out, events in, over as many connections as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from websockets.exceptions import ConnectionClosed

from streaming.client.carrier import Carrier, State
from streaming.client.continuity import Continuity
from streaming.client.errors import ClientError, UsageError, again
from streaming.client.events import Event, Started
from streaming.client.inbox import Inbox
from streaming.client.options import Preset
from streaming.client.protocol import build_keepalive

_SLICE_BYTES = 16_384
_HIGH_WATER_BYTES = 65_536


class Stream:
    """One running stream; made by ``connect``.

    One task may send while another iterates. Iterating ends after ``Ended`` and an orderly close;
    any other end raises the ``ClientError`` that says why, after every event that came before it.
    """

    def __init__(self, continuity: Continuity, inbox: Inbox, carrier: Carrier) -> None:
        self._continuity = continuity
        self._inbox = inbox
        self._carrier = carrier
        self._finalizes = 0
        self._sending = asyncio.Lock()
        self._running = asyncio.create_task(carrier.run(), name="wirescribe-stream")

    # -- what it is ----------------------------------------------------------------------------

    @property
    def started(self) -> Started:
        """What the server said when the session began that runs now."""
        started = self._carrier.started
        assert started is not None, "connect gives no stream without it"  # noqa: S101
        return started

    @property
    def state(self) -> State:
        """Where the stream stands; ``stopping`` is between ``end`` and ``Ended``."""
        return self._carrier.state

    @property
    def sent_ms(self) -> int:
        """Audio taken by ``send`` so far, in the time of all events."""
        return self._continuity.sent_ms

    @property
    def close_code(self) -> int | None:
        """How the last socket closed; ``None`` while it is open."""
        return self._carrier.close_code

    # -- what the application does -------------------------------------------------------------

    async def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Takes audio of any length; sends it, and keeps it until the server needs it no more.

        Waits while the buffers are full, unless the stream was opened with ``drop_oldest``. Raises
        the stream's ``ClientError`` when it is over, and ``UsageError`` after ``end``. What several
        tasks send at a time comes one after the other.
        """
        view = memoryview(audio).cast("B")
        async with self._sending:
            if self._continuity.ending:
                raise UsageError("send after end")
            for offset in range(0, len(view), _SLICE_BYTES):
                await self._take(view[offset : offset + _SLICE_BYTES])

    async def finalize(self, id: str | None = None) -> str:
        """Asks for all audio sent so far to be decoded; returns the ``Finalized``'s id."""
        self._check()
        self._finalizes += 1
        name = str(self._finalizes) if id is None else id
        self._continuity.finalize(name)
        self._carrier.work.there.set()
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
        self._carrier.work.there.set()

    async def keepalive(self) -> None:
        """Keeps the session open while there is nothing to send."""
        self._check()
        socket = self._carrier.socket
        if self.state in ("open", "stopping") and socket is not None:
            try:
                await socket.send(build_keepalive())
            except ConnectionClosed:
                return  # the reader finds out why

    async def end(self) -> None:
        """Says that no more audio comes; iterate on for the rest and ``Ended``. May be repeated."""
        if not self._continuity.ending:
            self._check()
            self._continuity.end()
            self._carrier.work.there.set()

    async def abort(self) -> None:
        """Closes at once, without waiting for what was still to be said."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Every event from ``Started`` on, each once."""
        async for event in self._inbox.read():
            yield event

    async def next_event(self) -> Event | None:
        """The next event; None once the stream has ended, where iterating would stop.

        Cancelled, for one by ``asyncio.timeout``, it has taken nothing.
        """
        return await self._inbox.get()

    async def opened(self) -> None:
        """Waits for the first ``Started``; ``connect`` does this."""
        await self._carrier.opened()

    # -- sending -------------------------------------------------------------------------------

    async def _take(self, piece: memoryview) -> None:
        continuity = self._continuity
        self._check()
        while self._must_drain() or not continuity.room(len(piece), unread=self._inbox.full):
            if self._inbox.full and self.close_code is not None:
                raise ClientError(
                    "events are waiting to be read: the stream can't go on",
                    code="events_unread",
                    retryable=False,
                )
            await self._wait_for_room()
        for gap in continuity.append(piece):
            self._inbox.put_soon(gap)
        self._carrier.work.there.set()
        if continuity.dropping:
            await asyncio.sleep(0)  # the sender's turn: only what it can't send is to be given up

    def _must_drain(self) -> bool:
        continuity = self._continuity
        # Also while stopping: a piece may still be on its way when another task says `end`.
        flows = self.state in ("open", "stopping") and self.close_code is None
        if not flows or continuity.dropping:
            return False
        return continuity.unsent > _HIGH_WATER_BYTES and not continuity.waits

    async def _wait_for_room(self) -> None:
        moved = self._carrier.work.moved
        moved.clear()
        await moved.wait()
        self._check()

    def _check(self) -> None:
        if self._inbox.failure is not None:
            raise again(self._inbox.failure)
