"""A few more tries with growing pauses, for work that may fail by chance.

Exponential back-off with equal jitter: half of each pause is fixed, half is random, so that many
servers started together don't come back together ("Exponential Backoff And Jitter", AWS
Architecture Blog, 2015).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how patiently to try again; ``sleep`` and ``jitter`` (0..1) are injected."""

    tries: int = 3
    base_s: float = 1.0
    longest_s: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep)
    jitter: Callable[[], float] = field(default=random.random)

    def pause_s(self, failures: int) -> float:
        """Return the pause in seconds after that many failures (1, 2, …)."""
        full = min(self.longest_s, self.base_s * 2.0 ** (failures - 1))
        return full / 2 + full / 2 * self.jitter()

    def run(
        self,
        work: Callable[[], T],
        *,
        may_retry: Callable[[Exception], bool],
        on_retry: Callable[[Exception, float], None] | None = None,
    ) -> T:
        """Return what ``work`` returns, or raise its last exception.

        ``may_retry`` judges each exception; ``on_retry`` hears of it and of the pause to come.
        """
        failures = 0
        while True:
            try:
                return work()
            except Exception as error:
                failures += 1
                if failures >= self.tries or not may_retry(error):
                    raise
                pause_s = self.pause_s(failures)
                if on_retry is not None:
                    on_retry(error, pause_s)
                self.sleep(pause_s)
