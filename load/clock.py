"""The harness's clock, so that tests can run a stream without waiting."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds and a way to wait for a moment."""

    def now(self) -> float:
        """Monotonic seconds."""

    async def sleep_until(self, moment_s: float) -> None:
        """Returns at ``moment_s``, or at once (after letting others run) when that is past."""


class MonotonicClock:
    """The machine's clock."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    async def sleep_until(self, moment_s: float) -> None:
        """Returns at ``moment_s``."""
        await asyncio.sleep(max(0.0, moment_s - self.now()))
