from __future__ import annotations

import asyncio
import threading

import pytest

from streaming.engine.fake import FakeEngine
from streaming.heartbeat import Heartbeat
from streaming.station import Holder, State, Station

pytestmark = pytest.mark.timeout(20)


class Closing(FakeEngine):
    """Says when it is closed."""

    def __init__(self, *, max_batch: int = 8) -> None:
        super().__init__(max_batch=max_batch)
        self._over = threading.Event()

    def close(self) -> None:
        assert not self.closed, "closed twice"
        super().close()
        self._over.set()

    async def over(self) -> bool:
        return await asyncio.to_thread(self._over.wait, 10)


async def test_an_engine_in_use_is_closed_when_the_last_call_is_back() -> None:
    engine = Closing()
    holder = Holder(engine)
    holder.borrow()
    holder.borrow()
    holder.retire()
    holder.give_back()
    await holder.close()
    assert not engine.closed
    holder.give_back()
    assert await engine.over()


async def test_an_idle_engine_is_closed_once() -> None:
    engine = Closing()
    holder = Holder(engine)
    await holder.close()
    assert engine.closed
    holder.retire()
    await holder.close()


async def test_an_engine_in_use_is_not_taken_from_under_its_thread() -> None:
    engine = FakeEngine()
    holder = Holder(engine)
    holder.borrow()
    await holder.close()
    assert not engine.closed
    holder.give_back()
    assert not engine.closed


async def test_a_fresh_engine_takes_the_place_with_its_own_limit() -> None:
    old, new = Closing(max_batch=8), FakeEngine(max_batch=4)
    station = Station(0, old, Heartbeat(30))
    station.rows.ran_out(8, 0)
    station.state = State.RESTARTING
    station.open.clear()
    station.install(new)
    assert station.engine is new
    assert station.rows.most(1) == 4
    assert station.state is State.SERVING
    assert station.open.is_set()
    assert await old.over()
