"""The line of those who wait for a place: bounded, and fair between keys and addresses.

Within one owner it is first come, first served; between owners it goes round, so that one who
opens fifty sessions doesn't keep out another who opens one. Time is handed in, in seconds.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from streaming.errors import Overloaded

_REMEMBERED_S: Final = 120.0
_REMEMBERED: Final = 256
_UNKNOWN_S: Final = 15.0  # to the next free place, when none came free lately
_SOONEST_MS: Final = 1_000
_LATEST_MS: Final = 30_000  # that one who is turned away is told: to look again costs little
_ONE_OWNERS: Final = 0.75  # of the line; the rest is for others


@dataclass(eq=False, slots=True)
class Ticket:
    """One who waits. ``position`` is 1 for the next."""

    owner: str
    since: float
    position: int = 0
    told: tuple[int, float] = field(default=(0, 0.0))  # the position last told, and when


class Pace:
    """How fast places come free, from those that did in the last two minutes."""

    def __init__(self) -> None:
        self._freed: deque[float] = deque(maxlen=_REMEMBERED)

    def freed(self, now: float) -> None:
        """A place has come free."""
        self._freed.append(now)

    def eta_ms(self, position: int, now: float) -> int:
        """Return when one at this position can expect a place."""
        while self._freed and now - self._freed[0] > _REMEMBERED_S:
            self._freed.popleft()
        if len(self._freed) < 2:
            each_s = _UNKNOWN_S
        else:  # the time since the last one counts, too: the pace may have slackened
            each_s = max(0.001, now - self._freed[0]) / len(self._freed)
        return max(_SOONEST_MS, int(position * each_s * 1_000))


class Line:
    """Tickets in the order of their turns; ``length`` at most, an owner three quarters of it."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._most = math.ceil(length * _ONE_OWNERS)
        self._owners: OrderedDict[str, deque[Ticket]] = OrderedDict()
        self.pace = Pace()

    def __len__(self) -> int:
        return sum(map(len, self._owners.values()))

    def __iter__(self) -> Iterator[Ticket]:
        """Yield tickets in the order in which they will be called, as it looks now."""
        turns = [deque(tickets) for tickets in self._owners.values()]
        while turns:
            for tickets in turns:
                yield tickets.popleft()
            turns = [tickets for tickets in turns if tickets]

    def full(self, owner: str) -> bool:
        """Whether this owner can't join."""
        mine = self._owners.get(owner, ())
        return len(self) >= self._length or len(mine) >= self._most

    def join(self, owner: str, now: float) -> Ticket:
        """Stand at the end; :class:`~streaming.errors.Overloaded` where the line is full."""
        if self.full(owner):
            raise self.refusal("the server is full, and so is the line of those who wait", now)
        ticket = Ticket(owner, now)
        self._owners.setdefault(owner, deque()).append(ticket)
        self._count()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Go out of the line; nothing happens to one that isn't in it."""
        tickets = self._owners.get(ticket.owner)
        if tickets is None or ticket not in tickets:
            return
        tickets.remove(ticket)
        if not tickets:
            del self._owners[ticket.owner]
        self._count()

    def call(self) -> Ticket | None:
        """Take the next one out; its owner's turn comes again after everybody else's."""
        if not self._owners:
            return None
        owner, tickets = next(iter(self._owners.items()))
        ticket = tickets.popleft()
        self._owners.move_to_end(owner)
        if not tickets:
            del self._owners[owner]
        self._count()
        return ticket

    def refusal(self, message: str, now: float) -> Overloaded:
        """Return the refusal of one who can't wait, with the time after which to try again."""
        eta_ms = self.pace.eta_ms(len(self) + 1, now)
        return Overloaded(message, retry_after_ms=min(eta_ms, _LATEST_MS))

    def _count(self) -> None:
        for position, ticket in enumerate(self, 1):
            ticket.position = position
