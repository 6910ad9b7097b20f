"""The server's own life, as a table: what may follow what."""

from __future__ import annotations

from enum import Enum


class Life(Enum):
    """Where the server is between start and stop."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"


_NEXT: dict[Life, frozenset[Life]] = {
    Life.STARTING: frozenset({Life.READY, Life.STOPPED}),
    Life.READY: frozenset({Life.DRAINING, Life.STOPPED}),
    Life.DRAINING: frozenset({Life.STOPPED}),
    Life.STOPPED: frozenset(),
}


class Lifecycle:
    """Holds the state and refuses moves that make no sense."""

    def __init__(self) -> None:
        self._life = Life.STARTING

    @property
    def life(self) -> Life:
        """The present state."""
        return self._life

    def move(self, to: Life) -> None:
        """Go on to a state; ValueError when it can't follow the present one."""
        if to not in _NEXT[self._life]:
            raise ValueError(f"{self._life.value} can't become {to.value}")
        self._life = to
