"""Whether another speaker can be served without finals becoming late.

What counts comes from measurements (:mod:`streaming.headroom`): what lasts must fit into the
workers' time, and finals must not wait for their turn already. Sessions in which nobody speaks cost
nothing, but one that has only just been let in is expected to speak, so that fifty that come at
once are not all let in on the same reading. Time is handed in, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from streaming.headroom import Reading
from streaming.limits import SessionSlots

_FREE: Final = 0.6  # below this share used there is room, whatever a speaker is thought to cost


class Newcomer(Protocol):
    """One that has been let in."""

    @property
    def expected_until(self) -> float:
        """When it is measured, if it speaks at all."""
        ...


class Room:
    """A server's: its places, and what is left of its workers' time."""

    def __init__(
        self,
        max_sessions: int,
        *,
        ceiling: float,
        late_s: float,
        read: Callable[[float], Reading],
    ) -> None:
        """``ceiling``: share of the workers' time for what lasts; ``read`` tells the load."""
        self.slots = SessionSlots(max_sessions)
        self._ceiling = ceiling
        self._late_s = late_s
        self._read = read
        self._expected: set[Newcomer] = set()

    def reading(self, now: float) -> Reading:
        """The load as it is."""
        return self._read(now)

    def expect(self, newcomer: Newcomer) -> None:
        """Count one as a speaker until it is measured."""
        self._expected.add(newcomer)

    def forget(self, newcomer: Newcomer) -> None:
        """Expect it no more: it has gone."""
        self._expected.discard(newcomer)

    def for_another(self, now: float) -> bool:
        """Whether there is room for one more."""
        if self.slots.full:
            return False
        self._expected = {each for each in self._expected if each.expected_until > now}
        load = self._read(now)
        # Those just let in may be among the speakers already; there are no more than places.
        both = min(load.speaking + len(self._expected), self.slots.active)
        speaking = max(load.speaking, both)
        if not speaking:
            return True
        if load.waiting_s > self._late_s:
            return False
        free = load.used + load.cost * (len(self._expected) + 1) <= _FREE
        return free or load.cost * (speaking + 1) <= self._ceiling
