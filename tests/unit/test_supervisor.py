"""Engines that get stuck, break, or can't be had back: nobody loses anything but time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from streaming import supervisor as module
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.errors import EngineFault, Restarting, WirescribeError
from streaming.heartbeat import Heartbeat
from streaming.scheduler import Care, Scheduler
from streaming.station import State
from streaming.supervisor import Restarts
from tests.support.faulty import Counted, FaultyEngine, Hang, raises
from tests.support.work import Client, answer, request

pytestmark = pytest.mark.timeout(20)

LONG = 1e9  # later than any patience


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSES_S", (0.0,))


class Session(Client):
    """Offers again what it got back without an answer, as a session does; ends on a failure."""

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        super().work_done(request, hypothesis)
        if hypothesis is None:
            self.begun = [each for each in self.begun if each is not request]

    @property
    def texts(self) -> list[str]:
        return [answer.text for _, answer in self.answers if answer is not None]

    async def hears(self, *texts: str) -> None:
        await self.until(lambda _: len(self.texts) >= len(texts))
        assert sorted(self.texts) == sorted(texts)
        assert not self.failures


class House:
    """A scheduler whose engines can be had anew."""

    def __init__(self, *engines: Engine, fresh: Callable[[int], Engine], max_restarts: int) -> None:
        self.counted = Counted()
        self.loaded: list[int] = []
        self._fresh = fresh
        care = Care(self._load, [Heartbeat(30) for _ in engines], max_restarts=max_restarts)
        self.scheduler = Scheduler(engines, care=care, faults=self.counted)
        assert self.scheduler._supervisor is not None
        self.supervisor = self.scheduler._supervisor

    def _load(self, number: int) -> Engine:
        self.loaded.append(number)
        return self._fresh(number)

    @property
    def states(self) -> list[State]:
        return [station.state for station in self.scheduler.stations]

    def look(self) -> None:
        """Look as if calls in progress had begun ages ago."""
        self.supervisor.look(time.monotonic() + LONG)

    async def restarted(self, count: int = 1) -> None:
        await comes(lambda: len(self.counted.restarts) >= count)

    def add(self, *sessions: Session) -> None:
        for session in sessions:
            self.scheduler.add(session)
        self.scheduler.wake()


@asynccontextmanager
async def house(
    *engines: Engine,
    fresh: Callable[[int], Engine] = lambda _: FakeEngine(answer),
    max_restarts: int = 3,
) -> AsyncIterator[House]:
    it = House(*engines, fresh=fresh, max_restarts=max_restarts)
    it.scheduler.start()
    try:
        yield it
    finally:
        await it.scheduler.stop()


async def comes(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come to pass")


async def entered(*hangs: Hang) -> None:
    for hang in hangs:
        assert await asyncio.to_thread(hang.entered.acquire, timeout=10)


async def test_a_stuck_engine_is_replaced_and_what_it_was_decoding_decoded_by_the_fresh_one() -> (
    None
):
    hang = Hang()
    stuck, fresh = FaultyEngine(FakeEngine(answer), hang), FakeEngine(answer)
    final, partial = Session(request(Kind.FINAL, 1)), Session(request(Kind.PARTIAL, 2))
    async with house(stuck, fresh=lambda _: fresh) as it:
        it.add(final)
        await entered(hang)
        it.add(partial)
        it.supervisor.look(time.monotonic())
        assert not it.counted.faults
        it.look()
        assert it.states == [State.RESTARTING]
        await final.hears("final-1")
        await partial.hears("partial-2")
        assert it.scheduler.engines == [fresh]
        assert it.states == [State.SERVING]
        assert it.scheduler.stations[0].restarts == 1
        assert (it.counted.faults, it.counted.restarts) == (["stuck"], ["done"])
        assert it.counted.requeued == 1
        assert len(it.scheduler.workers) == 1
        # The old one comes back after all: its answer is dropped, and it is freed.
        hang.end()
        await comes(lambda: stuck.closed)
    assert final.texts == ["final-1"]


async def test_beside_a_stuck_worker_the_others_go_on_with_the_engine_there_is() -> None:
    hang, loading = Hang(), Hang()
    engine = FaultyEngine(FakeEngine(answer, concurrency=2, max_batch=1), hang)

    def fresh(number: int) -> Engine:
        loading(list)
        return FakeEngine(answer, concurrency=2)

    one, two = Session(request(Kind.FINAL, 1)), Session(request(Kind.FINAL, 2))
    async with house(engine, fresh=fresh) as it:
        it.add(one)
        await entered(hang)
        it.look()
        await entered(loading)
        it.add(two)
        await one.hears("final-1")
        await two.hears("final-2")
        assert it.scheduler.engines == [engine]
        assert len(it.scheduler.workers) == 1
        loading.end()
        await it.restarted()
        assert len(it.scheduler.workers) == 2
        assert it.scheduler.engines != [engine]
        assert not engine.closed  # somebody is in it still
        hang.end()


async def test_a_second_worker_that_gets_stuck_meanwhile_is_replaced_with_the_first() -> None:
    hangs, loading = [Hang(), Hang()], Hang()
    engine = FaultyEngine(FakeEngine(answer, concurrency=2, max_batch=1), *hangs)

    def fresh(number: int) -> Engine:
        loading(list)
        return FakeEngine(answer, concurrency=2)

    sessions = [Session(request(Kind.FINAL, n)) for n in range(2)]
    async with house(engine, fresh=fresh) as it:
        it.add(*sessions)
        await entered(*hangs)
        it.look()
        assert it.scheduler.workers == []
        turn = asyncio.create_task(it.scheduler.turn())
        await entered(loading)
        assert not turn.done()
        turn.cancel()
        loading.end()
        for number, session in enumerate(sessions):
            await session.hears(f"final-{number}")
        assert it.loaded == [0]
        assert len(it.scheduler.workers) == 2
        for hang in hangs:
            hang.end()


async def test_only_the_engine_that_is_stuck_is_replaced() -> None:
    hang = Hang()
    good = FakeEngine(answer)
    stuck = FaultyEngine(FakeEngine(answer), hang, always=hang)
    session = Session(*(request(Kind.FINAL, n) for n in range(30)))
    async with house(good, stuck) as it:
        it.add(session)
        await entered(hang)
        await session.until(lambda _: len(session.texts) == 22)  # the good one has nothing to do
        it.look()
        await session.hears(*(f"final-{n}" for n in range(30)))
        await it.restarted()
        assert it.loaded == [1]
        assert it.scheduler.engines[0] is good
        hang.end()


async def test_what_hangs_two_engines_ends_its_own_session_only() -> None:
    hangs: list[Hang] = []

    def script(asked: DecodeRequest) -> Hypothesis:
        if asked.segment == 13:
            hangs.append(Hang())
            hangs[-1](list)
        return answer(asked)

    poison = Session(request(Kind.FINAL, 13))
    good = [Session(request(Kind.FINAL, n)) for n in range(3)]
    async with house(FakeEngine(script), fresh=lambda _: FakeEngine(script)) as it:
        it.add(poison, *good)
        for number in range(2):
            await comes(lambda n=number: len(hangs) > n)  # type: ignore[misc]
            await entered(hangs[number])
            it.look()
            await it.restarted(number + 1)
        for number, session in enumerate(good):
            await session.hears(f"final-{number}")
        assert [type(error) for error in poison.failures] == [EngineFault]
        assert it.counted.faults == ["stuck", "stuck"]
        for hang in hangs:
            hang.end()


async def test_a_broken_engine_is_replaced_and_no_session_hears_of_it() -> None:
    broken = FaultyEngine(FakeEngine(answer), always=raises(RuntimeError("device lost")))
    sessions = [Session(request(Kind.FINAL, n)) for n in range(3)]
    async with house(broken) as it:
        it.add(*sessions)
        for number, session in enumerate(sessions):
            await session.hears(f"final-{number}")
        assert it.counted.restarts == ["done"]
        assert "stuck" not in it.counted.faults
        assert broken.closed  # before the fresh one was loaded: there is room for one only


async def test_the_memory_of_a_broken_engine_is_free_before_the_next_one_is_loaded() -> None:
    broken = FaultyEngine(FakeEngine(answer), always=raises(RuntimeError("device lost")))
    closed: list[bool] = []

    def fresh(number: int) -> Engine:
        closed.append(broken.closed)
        return FakeEngine(answer)

    session = Session(request(Kind.FINAL, 1))
    async with house(broken, fresh=fresh) as it:
        it.add(session)
        await session.hears("final-1")
    assert closed == [True]


async def test_loading_is_tried_again() -> None:
    tries = iter([RuntimeError("no memory"), MemoryError(), None])

    def fresh(number: int) -> Engine:
        error = next(tries)
        if error:
            raise error
        return FakeEngine(answer)

    broken = FaultyEngine(FakeEngine(answer), always=raises(RuntimeError("device lost")))
    session = Session(request(Kind.FINAL, 1))
    async with house(broken, fresh=fresh) as it:
        it.add(session)
        await session.hears("final-1")
        assert it.counted.restarts == ["failed", "failed", "done"]


async def test_loading_that_hangs_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hang, late = Hang(), FakeEngine(answer)

    def fresh(number: int) -> Engine:
        if len(it.loaded) == 1:
            hang(list)
            return late
        return FakeEngine(answer)

    broken = FaultyEngine(FakeEngine(answer), always=raises(RuntimeError("device lost")))
    session = Session(request(Kind.FINAL, 1))
    async with house(broken, fresh=fresh) as it:
        monkeypatch.setattr(it.supervisor, "_deadline_s", 0.01)
        it.add(session)
        await session.hears("final-1")
        assert it.counted.restarts[0] == "failed"
        hang.end()
        await comes(lambda: late.closed)


async def test_an_engine_that_can_not_be_had_back_is_told_to_everyone() -> None:
    def fresh(number: int) -> Engine:
        raise OSError("the device is gone")

    broken = FaultyEngine(FakeEngine(answer), always=raises(RuntimeError("device lost")))
    speaking, silent, late = Session(request(Kind.FINAL, 1)), Session(), Session()
    async with house(broken, fresh=fresh) as it:
        it.add(speaking, silent)
        async with asyncio.timeout(10):
            await it.scheduler.lost.wait()
        it.add(late)
        for session in (speaking, silent, late):
            assert [type(error) for error in session.failures] == [Restarting]
        assert it.counted.restarts == ["failed"] * 3
        assert it.states == [State.LOST]
        assert it.scheduler.workers == []


async def test_one_engine_of_two_that_is_lost_leaves_the_other() -> None:
    def fresh(number: int) -> Engine:
        raise OSError("the device is gone")

    broken = FaultyEngine(FakeEngine(answer), always=raises(RuntimeError("device lost")))
    session = Session(*(request(Kind.FINAL, n) for n in range(40)))
    async with house(FakeEngine(answer, max_batch=1), broken, fresh=fresh) as it:
        it.add(session)
        await session.hears(*(f"final-{n}" for n in range(40)))
        await it.restarted(3)
        assert not it.scheduler.lost.is_set()
        other = Session(request(Kind.FINAL, 99))
        it.add(other)
        await other.hears("final-99")


async def test_a_worker_that_ends_without_being_told_to_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hang = Hang()
    session = Session(request(Kind.FINAL, 1))
    async with house(FaultyEngine(FakeEngine(answer), hang)) as it:
        it.add(session)
        await entered(hang)
        (worker,) = it.scheduler.workers
        assert worker.task is not None
        worker.task.cancel()
        await asyncio.wait([worker.task])
        it.supervisor.look(time.monotonic())
        await session.hears("final-1")
        assert it.counted.faults == ["crashed"]
        assert it.scheduler.workers != [worker]
        hang.end()


async def test_a_session_that_is_gone_hears_nothing_of_it() -> None:
    hang = Hang()
    leaver = Session(request(Kind.FINAL, 1))
    async with house(FaultyEngine(FakeEngine(answer), hang)) as it:
        it.add(leaver)
        await entered(hang)
        it.scheduler.remove(leaver)
        it.look()
        await it.restarted()
        hang.end()
    assert leaver.answers == []
    assert leaver.failures == []


async def test_the_watch_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.001)
    looked = asyncio.Event()
    async with house(FakeEngine(answer)) as it:
        monkeypatch.setattr(it.supervisor, "look", lambda now: looked.set())
        async with asyncio.timeout(10):
            await looked.wait()


def test_restarts_are_bounded_within_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSES_S", (0.0, 2.0, 10.0))
    restarts = Restarts(4)
    assert [restarts.next(now) for now in (0, 100, 200, 300, 400)] == [0, 2, 10, 10, None]
    assert restarts.next(599.9) is None
    assert restarts.next(600) == 10
    assert restarts.next(10_000) == 0
    assert Restarts(0).next(0) is None


def test_a_failure_is_one_of_ours() -> None:
    assert issubclass(Restarting, WirescribeError)
