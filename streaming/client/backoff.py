"""When to try again after a lost connection.

Full jitter under a doubling cap, so that many clients of one restarted server spread out (Brooker,
"Exponential Backoff And Jitter", 2015). What the server asks for is a lower bound.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from streaming.client.errors import UsageError

_AT_ONCE_MS = 100  # "now", but not all clients of a server in the same millisecond


@dataclass(frozen=True, slots=True)
class Backoff:
    """How patient a client is: first and largest cap of a pause, and tries before giving up."""

    base_ms: int = 500
    max_ms: int = 10_000
    attempts: int = 12

    def __post_init__(self) -> None:
        for name in ("base_ms", "max_ms", "attempts"):
            if getattr(self, name) < 1:
                raise UsageError(f"reconnect.{name} {getattr(self, name)}: at least 1")

    def delay_ms(
        self,
        attempt: int,
        *,
        retry_after_ms: int = 0,
        at_once: bool = False,
        fraction: Callable[[], float] = random.random,
    ) -> int | None:
        """Return the pause before try ``attempt`` (from 0); None when it is time to give up.

        ``at_once`` is for a server that asks to be left for another: its first try waits for next
        to nothing.
        """
        if attempt >= self.attempts:
            return None
        cap = min(self.max_ms, self.base_ms << min(attempt, 32))
        if at_once and attempt == 0:
            cap = min(cap, _AT_ONCE_MS)
        return round(retry_after_ms + fraction() * cap)
