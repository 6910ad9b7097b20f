"""Tells an engine that is stuck from one that is slow, by what its calls have taken so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from streaming.decoding import DecodeRequest

_TIMES_SLOWEST = 5.0
_TIMES_LEAST = 10.0
_REMEMBERED = 200
_LEAST_WINDOW_S = 2.0
_FULL_WINDOW_S = 30.0


@dataclass(slots=True, eq=False)
class Call:
    """One call of an engine: how much there is to decode, in seconds of windows; its begin."""

    windows_s: float
    began: float
    given_up: bool = False


class Heartbeat:
    """The calls of one engine; times are seconds of one monotonic clock, handed in.

    A call is overdue after ``stuck_s``, or after five times what it would take at the slowest
    speed of late where that is longer, but never more than ten times ``stuck_s``: a large model
    on a small machine is slow and not stuck. A call that was given up and returns after all
    teaches that speed too.
    """

    def __init__(self, stuck_s: float) -> None:
        self._stuck_s = stuck_s
        self._calls: set[Call] = set()
        self._slowness: deque[float] = deque(maxlen=_REMEMBERED)

    def begin(self, requests: Sequence[DecodeRequest], now: float) -> Call:
        """An engine is called."""
        call = Call(sum(map(_window_s, requests)), now)
        self._calls.add(call)
        return call

    def end(self, call: Call, now: float) -> None:
        """It has returned, with an answer or without."""
        self._calls.discard(call)
        self._slowness.append((now - call.began) / call.windows_s)

    def give_up(self, call: Call) -> None:
        """Nobody waits for this one any more."""
        call.given_up = True

    @property
    def given_up(self) -> int:
        """How many calls were given up and have not returned."""
        return sum(call.given_up for call in self._calls)

    def patience_s(self, call: Call) -> float:
        """How long this call may take."""
        expected = max(self._slowness, default=0.0) * call.windows_s
        longest = _TIMES_LEAST * self._stuck_s
        return min(longest, max(self._stuck_s, _TIMES_SLOWEST * expected))

    def overdue(self, call: Call, now: float) -> bool:
        """Whether it has taken so long that it won't return."""
        return now - call.began > self.patience_s(call)

    def oldest_s(self, now: float) -> float | None:
        """How long the longest call that is waited for has taken; None when there is none."""
        return max((now - call.began for call in self._calls if not call.given_up), default=None)


def _window_s(request: DecodeRequest) -> float:
    """How much the engine has to look at for a request."""
    if request.again:
        return _FULL_WINDOW_S
    return max(_LEAST_WINDOW_S, request.duration_ms / 1000)
