"""What waits to be written to one client: bounded, and what is stale gives way.

A newer partial replaces the unsent one of its channel, a newer ack the unsent ack, and a final
the unsent partial of its segment. Finals and the rest are never dropped: a client that lets more
than the bound pile up is closed as too slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from streaming.errors import ClientTooSlow
from streaming.events import Final, Partial, Suppressed
from streaming.transports.codec import Ack, Notice


class Outbox:
    """An ordered queue with a bound; one writer takes from it."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._items: dict[int, Notice] = {}
        self._replaceable: dict[Hashable, int] = {}
        self._next = 0
        self._ready = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, notice: Notice) -> bool:
        """Add what is to be sent; :class:`~streaming.errors.ClientTooSlow` at the bound.

        Returns whether an unsent partial has given way to it.
        """
        if self._closed:
            return False
        key = _replaces(notice)
        stale = self._replaceable.pop(key, None) if key is not None else None
        replaced = self._items.pop(stale, None) if stale is not None else None
        if len(self._items) >= self._bound:
            raise ClientTooSlow(f"{self._bound} messages wait to be read by the client")
        self._items[self._next] = notice
        if isinstance(notice, Partial | Ack):
            self._replaceable[key] = self._next
        self._next += 1
        self._ready.set()
        return isinstance(replaced, Partial)

    def close(self) -> None:
        """Take no more; :meth:`get` returns what is left, then None."""
        self._closed = True
        self._ready.set()

    async def get(self) -> Notice | None:
        """Return the oldest notice, waiting for one; None when closed and empty."""
        while not self._items:
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._items.pop(next(iter(self._items)))


def _replaces(notice: Notice) -> Hashable:
    """What of the unsent this makes stale: a key, or None."""
    if isinstance(notice, Partial | Final | Suppressed):
        return ("partial", notice.channel)
    if isinstance(notice, Ack):
        return "ack"
    return None
