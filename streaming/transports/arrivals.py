"""When each piece of a stream arrived: from stream time to the clock's."""

from __future__ import annotations

from array import array
from bisect import bisect_left

_MOST = 4_096  # at 20 ms a message 80 s: twice the longest segment, and what waits behind it
_LEEWAY = 256


class Arrivals:
    """The latest pieces of one connection's audio; times are seconds of one clock, handed in.

    Policy at the bound: the oldest are forgotten, and count as having come with the oldest known.
    """

    def __init__(self) -> None:
        self._ends_ms = array("q")
        self._times = array("d")

    def __len__(self) -> int:
        return len(self._ends_ms)

    def add(self, end_ms: int, now: float) -> None:
        """Note that all audio up to ``end_ms`` of stream time is here."""
        self._ends_ms.append(end_ms)
        self._times.append(now)
        if len(self._ends_ms) > _MOST + _LEEWAY:
            del self._ends_ms[:_LEEWAY]
            del self._times[:_LEEWAY]

    def of(self, ms: int) -> float | None:
        """Return when the audio just before ``ms`` came; None before there was any.

        What has not come yet counts as having come with the latest.
        """
        if not self._times:
            return None
        return self._times[min(bisect_left(self._ends_ms, ms), len(self._times) - 1)]
