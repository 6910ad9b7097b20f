"""The events that wait for the application: bounded, and the connection waits when it is full."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from streaming.client.errors import ClientError, again
from streaming.client.events import Event


class Inbox:
    """A queue of ``capacity`` events with an end; the end may be a failure.

    Any number of tasks may read; each event goes to one of them, the end to all.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = max(1, capacity)
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False
        self.failure: ClientError | None = None
        self.full = False

    @property
    def waiting(self) -> int:
        """Events that have not been read yet."""
        return len(self._events)

    async def put(self, event: Event) -> None:
        """Add an event, then wait until there is room for it. ``full`` says that it waits."""
        self.put_soon(event)
        while len(self._events) > self._capacity:
            self.full = True
            self._room.clear()
            await self._room.wait()
        self.full = False

    def put_soon(self, event: Event) -> None:
        """Add an event from where nobody may wait, beyond the bound where it has to be.

        Of these there are few: one for each gap in the audio.
        """
        self._events.append(event)
        self._news.set()

    def close(self, failure: ClientError | None) -> None:
        """No more events come."""
        self.failure = failure
        self._closed = True
        self._news.set()

    async def get(self) -> Event | None:
        """Return the next event, None at the end; raises the failure, if there was one.

        Cancelled, it has taken nothing.
        """
        while not self._events:
            if self._closed:
                if self.failure is not None:
                    raise again(self.failure)
                return None
            self._news.clear()
            await self._news.wait()
        self._room.set()
        return self._events.popleft()

    async def read(self) -> AsyncIterator[Event]:
        """Yield every event once, then raise the failure, if there was one."""
        while (event := await self.get()) is not None:
            yield event
