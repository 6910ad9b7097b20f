"""How many requests an engine is given at once: fewer for a while after its memory ran out."""

from __future__ import annotations

_KEPT_S = 60.0


class RowLimit:
    """The engine's largest batch, halved when memory runs out, doubled again each minute.

    Memory that was short may be free later: another program's, or that of a rare long window.
    Times are seconds of one monotonic clock, handed in.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = most
        self._until = 0.0

    def most(self, now: float) -> int:
        """Return how many rows a batch may have now, at least 1."""
        while self._limit < self._most and now >= self._until:
            self._limit = min(self._most, 2 * self._limit)
            self._until += _KEPT_S
        return self._limit

    def ran_out(self, rows: int, now: float) -> None:
        """Memory did not do for so many."""
        self._limit = max(1, min(self._limit, rows // 2))
        self._until = now + _KEPT_S
