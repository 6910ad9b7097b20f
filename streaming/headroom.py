"""How busy the decoding workers have been lately; time is handed in, in seconds."""

from __future__ import annotations

from collections import deque

_HORIZON_S = 5.0


class Headroom:
    """The share of the workers' time that was spent decoding, over the last five seconds."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._spells: deque[tuple[float, float]] = deque()
        self._running: dict[int, float] = {}

    def begin(self, worker: int, now: float) -> None:
        """A worker starts on a batch."""
        self._running[worker] = now

    def end(self, worker: int, now: float) -> None:
        """A worker is done with its batch."""
        began = self._running.pop(worker, None)
        if began is not None:
            self._spells.append((began, now))

    def oldest(self) -> float | None:
        """When the longest-running batch began, or None when all are idle."""
        return min(self._running.values(), default=None)

    @property
    def busy(self) -> int:
        """How many workers are decoding now."""
        return len(self._running)

    def used(self, now: float) -> float:
        """Return the share used, from 0 to 1."""
        horizon = now - _HORIZON_S
        while self._spells and self._spells[0][1] < horizon:
            self._spells.popleft()
        spent = sum(end - max(begin, horizon) for begin, end in self._spells)
        spent += sum(now - max(begin, horizon) for begin in self._running.values())
        return min(1.0, spent / (_HORIZON_S * self._workers))
