"""An engine in service: replaced by a fresh one when it is stuck or broken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from streaming.engine.base import Engine
from streaming.heartbeat import Heartbeat
from streaming.rows import RowLimit
from streaming.threads import CallThread, Outcome


class State(StrEnum):
    """How an engine is."""

    SERVING = "ok"
    RESTARTING = "restarting"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class StationReading:
    """How an engine is at one moment: ``busy_s`` is the age of the oldest call waited for."""

    number: int
    serving: bool
    busy_s: float
    most_rows: int


class Holder:
    """An engine, and how many calls of it there are; closed when retired and the last is back.

    A call that never returns keeps the engine's memory: nothing can take it from under a thread.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._calls = 0
        self._retired = False

    def borrow(self) -> None:
        """A call begins."""
        self._calls += 1

    def give_back(self) -> None:
        """A call has returned."""
        self._calls -= 1
        if self._retired:
            self._close_if_done()

    def retire(self) -> None:
        """No new calls are made of it."""
        if not self._retired:
            self._retired = True
            self._close_if_done()

    async def close(self) -> None:
        """Free the engine and return when that is done; one in use is left alone."""
        if not self._calls and not self._retired:
            self._retired = True
            await close_engine(self.engine)

    def _close_if_done(self) -> None:
        if not self._calls:
            close_engine(self.engine)


def close_engine(engine: Engine) -> asyncio.Future[Outcome[None]]:
    """Free an engine in a thread of its own: gigabytes take their time, and it may hang."""
    thread = CallThread("close-engine")
    closing = thread.call(engine.close)
    thread.close()
    return closing


class Station:
    """The place of one engine, which outlives the engine that stands there."""

    def __init__(self, number: int, engine: Engine, heartbeat: Heartbeat) -> None:
        self.number = number
        self.heartbeat = heartbeat
        self.rows = RowLimit(engine.info.max_batch)
        self.holder = Holder(engine)
        self.state = State.SERVING
        self.restarts = 0
        self.open = asyncio.Event()
        self.open.set()

    @property
    def engine(self) -> Engine:
        """What stands here now."""
        return self.holder.engine

    def read(self, now: float) -> StationReading:
        """How it is."""
        return StationReading(
            self.number,
            self.state is State.SERVING,
            self.heartbeat.oldest_s(now) or 0.0,
            self.rows.most(now),
        )

    def install(self, engine: Engine) -> None:
        """Put a fresh engine in the place of the old one."""
        self.holder.retire()
        self.holder = Holder(engine)
        self.rows = RowLimit(engine.info.max_batch)
        self.state = State.SERVING
        self.open.set()
