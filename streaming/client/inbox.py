"""The events that wait for the application: bounded, and the connection waits when it is full."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from streaming.client.errors import ClientError
from streaming.client.events import Event


class Inbox:
    """A queue of ``capacity`` events with an end; the end may be a failure."""

    def __init__(self, capacity: int) -> None:
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(capacity)
        self._late: deque[Event] = deque()
        self._closed = False
        self.failure: ClientError | None = None
        self.full = False

    @property
    def waiting(self) -> int:
        """Events that have not been read yet."""
        return self._events.qsize()

    async def put(self, event: Event) -> None:
        """Add an event; waits for room. ``full`` says that it does."""
        self._late.append(event)
        while self._late:
            self.full = self._events.full()
            await self._events.put(self._late.popleft())
        self.full = False

    def put_soon(self, event: Event) -> None:
        """Add an event from where nobody may wait: behind the next ``put`` where there is no room.

        Of these there are few: one for each gap in the audio.
        """
        if self._late or self._events.full():
            self._late.append(event)
        else:
            self._events.put_nowait(event)

    def close(self, failure: ClientError | None) -> None:
        """No more events come."""
        self.failure = failure
        self._closed = True
        # A full queue needs no mark: its reader sees ``_closed`` once it has emptied it.
        if not self._events.full():
            self._events.put_nowait(None)

    async def read(self) -> AsyncIterator[Event]:
        """Yield every event once, then raise the failure, if there was one."""
        while not (self._closed and self._events.empty()):
            event = await self._events.get()
            if event is None:
                break
            yield event
        while self._late:
            yield self._late.popleft()
        if self.failure is not None:
            raise self.failure
