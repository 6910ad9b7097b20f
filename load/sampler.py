"""What the server and the harness use of the machine, moment by moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from load.clock import Clock
from load.process import Usage


@dataclass(frozen=True, slots=True)
class Moment:
    """Totals at one moment, ``at_s`` after the streams' first moment."""

    at_s: float
    server_cpu_s: float | None
    server_rss_mib: float | None
    harness_cpu_s: float


class Sampler:
    """Takes a ``Moment`` every ``every_s``; ``moments`` holds them in order."""

    def __init__(
        self,
        read: Callable[[], Usage | None],
        clock: Clock,
        *,
        begin_s: float,
        every_s: float,
        own_cpu_s: Callable[[], float] = time.process_time,
        on_moment: Callable[[Moment], None] | None = None,
    ) -> None:
        self.moments: list[Moment] = []
        self._read = read
        self._clock = clock
        self._begin_s = begin_s
        self._every_s = every_s
        self._own_cpu_s = own_cpu_s
        self._on_moment = on_moment

    def take(self) -> Moment:
        """One moment, now."""
        used = self._read()
        moment = Moment(
            at_s=round(self._clock.now() - self._begin_s, 3),
            server_cpu_s=None if used is None else round(used.cpu_s, 3),
            server_rss_mib=None if used is None else round(used.rss_mib, 2),
            harness_cpu_s=round(self._own_cpu_s(), 4),
        )
        self.moments.append(moment)
        if self._on_moment is not None:
            self._on_moment(moment)
        return moment

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Samples as long as the block lasts, at its beginning and its end too."""
        self.take()
        task = asyncio.create_task(self._go_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            self.take()

    async def _go_on(self) -> None:
        due_s = self._clock.now()
        while True:
            due_s += self._every_s
            await self._clock.sleep_until(due_s)
            self.take()
