"""What can go wrong with engines, for whoever counts it."""

from __future__ import annotations

from typing import Final, Protocol

FAULTS: Final = ("error", "out_of_memory", "rubbish", "crashed", "stuck")
"""A call raised; memory did not do; an answer that can't be one; the call ended as none should,
or a worker did; a call that did not return."""


class Faults(Protocol):
    """Hears of every fault, on the event loop."""

    def engine_fault(self, kind: str) -> None:
        """A call of an engine failed: one of :data:`FAULTS`."""
        ...

    def engine_restarted(self, outcome: str) -> None:
        """A stuck or broken engine was loaded anew: ``done``, or that ``failed``."""
        ...

    def requests_requeued(self, count: int) -> None:
        """So many requests are decoded again, by another worker or a fresh engine."""
        ...


class Uncounted:
    """Counts nothing."""

    def engine_fault(self, kind: str) -> None:
        """Nobody asks."""

    def engine_restarted(self, outcome: str) -> None:
        """Nobody asks."""

    def requests_requeued(self, count: int) -> None:
        """Nobody asks."""
