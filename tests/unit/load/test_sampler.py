from __future__ import annotations

import asyncio
from collections.abc import Iterator

from load.process import Usage
from load.sampler import Moment, Sampler


class StepClock:
    """Each sleep takes the clock to its moment, a few times; then it stands still."""

    def __init__(self, steps: int) -> None:
        self._now = 100.0
        self._steps = steps
        self.stands = asyncio.Event()

    def now(self) -> float:
        return self._now

    async def sleep_until(self, moment_s: float) -> None:
        if not self._steps:
            self.stands.set()
            await asyncio.Event().wait()
        self._steps -= 1
        self._now = moment_s


async def test_a_moment_at_the_beginning_each_step_and_the_end() -> None:
    used = iter([Usage(cpu, 50.0 + cpu, 99.0, 3) for cpu in (1.0, 1.5, 2.0, 2.5)])
    own: Iterator[float] = iter([0.1, 0.2, 0.3, 0.4])
    told: list[Moment] = []
    clock = StepClock(2)
    sampler = Sampler(
        lambda: next(used),
        clock,
        begin_s=99.0,
        every_s=5.0,
        own_cpu_s=lambda: next(own),
        on_moment=told.append,
    )
    async with sampler.running():
        await clock.stands.wait()
    assert sampler.moments == [
        Moment(1.0, 1.0, 51.0, 0.1),
        Moment(6.0, 1.5, 51.5, 0.2),
        Moment(11.0, 2.0, 52.0, 0.3),
        Moment(11.0, 2.5, 52.5, 0.4),
    ]
    assert told == sampler.moments


async def test_a_server_that_cannot_be_seen() -> None:
    sampler = Sampler(lambda: None, StepClock(0), begin_s=0.0, every_s=1.0)
    assert sampler.take().server_cpu_s is None
