"""What one client is to be told: bounded, numbered, and kept in case it did not arrive.

A newer partial replaces the unsent one of its channel, a newer ack the unsent ack, and a final
the unsent partial of its segment. What lasts (finals and the rest) is numbered from 1 and never
dropped while unsent; of what was sent the latest is kept, so that a client that lost its socket can
be told again. The queue outlives sockets: each has a :class:`Delivery` of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from streaming.events import Final, Partial, Suppressed, Warned, WarningCode
from streaming.transports.codec import Ack, Aside, Notice, Queued, Started

_PASSING = frozenset({WarningCode.SLOW_PARTIALS, WarningCode.DRAINING})


@dataclass(frozen=True, slots=True)
class Numbered:
    """A notice with its number; None for one that passes, which nobody misses later.

    ``late``: it waited for the client to come back, or is sent again.
    """

    seq: int | None
    notice: Notice
    late: bool = field(default=False, compare=False)


class Outbox:
    """An ordered queue; one delivery at a time takes from it.

    ``bound``: how many unsent ones are too many. Nothing is dropped beyond it: whoever fills the
    queue looks at :attr:`overfull` and stops. ``kept``: how many lasting ones that were sent can be
    sent again; the oldest are forgotten.
    """

    def __init__(self, bound: int, kept: int) -> None:
        self._bound = bound
        self._kept = kept
        self._unsent: dict[int, Numbered] = {}
        self._replaceable: dict[Hashable, int] = {}
        self._place = 0
        self._seq = 0
        self._sent: deque[Numbered] = deque()
        self._forgotten = 0
        self._arrived = 0
        self._delivery = Delivery(self)

    def __len__(self) -> int:
        return len(self._unsent)

    @property
    def held(self) -> int:
        """How many are in memory, sent or not."""
        return len(self._unsent) + len(self._sent)

    @property
    def overfull(self) -> bool:
        """Whether more waits than a client may leave unread."""
        return len(self._unsent) > self._bound

    @property
    def delivered(self) -> bool:
        """Whether all that lasts is known to have arrived."""
        return self._arrived == self._seq

    @property
    def delivery(self) -> Delivery:
        """What takes from it now."""
        return self._delivery

    @property
    def waiting(self) -> Iterator[Notice]:
        """What is still to be taken, oldest first."""
        return (item.notice for item in self._unsent.values())

    def put(self, notice: Notice) -> bool:
        """Add what is to be sent; return whether an unsent partial has given way to it."""
        key = _replaces(notice)
        stale = self._replaceable.pop(key, None) if key is not None else None
        replaced = self._unsent.pop(stale, None) if stale is not None else None
        if isinstance(notice, Partial | Ack | Queued):
            self._replaceable[key] = self._place
        if lasts(notice):
            self._seq += 1
            self._add(Numbered(self._seq, notice))
        else:
            self._add(Numbered(None, notice))
        self._delivery.wake()
        return replaced is not None and isinstance(replaced.notice, Partial)

    def _add(self, item: Numbered) -> None:
        self._unsent[self._place] = item
        self._place += 1

    def arrived(self, seq: int) -> None:
        """Note that the client has everything up to a number."""
        self._arrived = max(self._arrived, min(seq, self._seq))

    def deliver(self, first: Notice, received: int | None) -> Delivery:
        """Begin anew for another socket: with ``first``, then what lasts behind ``received``.

        None: the client doesn't say; what is known to have arrived counts. An older delivery ends
        at once. Raises LookupError when something behind that number has been forgotten.
        """
        behind = self._arrived if received is None else min(received, self._seq)
        if behind < self._forgotten:
            raise LookupError(f"{behind + 1} is kept no more, only what follows {self._forgotten}")
        self.arrived(behind)
        waiting, self._unsent = self._unsent, {}
        self._add(Numbered(None, first))
        while self._sent and (self._sent[-1].seq or 0) > behind:
            waiting = {self._place: self._sent.pop(), **waiting}
            self._place += 1
        # What waited keeps its places: those are known to what may yet replace it.
        for at, item in waiting.items():
            if not isinstance(item.notice, Started):
                self._unsent[at] = replace(item, late=True)
        self._delivery.stop()
        self._delivery = Delivery(self)
        return self._delivery

    def take(self, before: int | None) -> Numbered | None:
        """Take the oldest unsent one, of those from before a place; None when there is none."""
        at = next(iter(self._unsent), None)
        if at is None or (before is not None and at >= before):
            return None
        item = self._unsent.pop(at)
        if item.seq is not None:
            self._sent.append(item)
            if len(self._sent) > self._kept:
                self._forgotten = self._sent.popleft().seq or 0
        return item

    @property
    def place(self) -> int:
        """The place that the next one gets."""
        return self._place


class Delivery:
    """What one socket's writer takes from the queue."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._ready = asyncio.Event()
        self._stopped = False
        self._before: int | None = None

    async def get(self) -> Numbered | None:
        """Return the oldest unsent one, waiting for it; None when this delivery is over."""
        while not self._stopped:
            item = self._outbox.take(self._before)
            if item is not None:
                return item
            if self._before is not None:
                break
            self._ready.clear()
            await self._ready.wait()
        return None

    @property
    def empty(self) -> bool:
        """Whether :meth:`get` would wait."""
        return not len(self._outbox)

    def close(self) -> None:
        """End behind what waits now."""
        if self._before is None:
            self._before = self._outbox.place
        self.wake()

    def stop(self) -> None:
        """End at once."""
        self._stopped = True
        self.wake()

    def wake(self) -> None:
        """Look again."""
        self._ready.set()


def lasts(notice: Notice) -> bool:
    """Whether a client that missed it is told again."""
    if isinstance(notice, Warned):
        return notice.code not in _PASSING
    return not isinstance(notice, Partial | Ack | Started | Queued | Aside)


def _replaces(notice: Notice) -> Hashable:
    """What of the unsent this makes stale: a key, or None."""
    if isinstance(notice, Partial | Final | Suppressed):
        return ("partial", notice.channel)
    if isinstance(notice, Ack):
        return "ack"
    if isinstance(notice, Queued | Started):
        return "queued"
    return None
