"""The engines of a process: how they are, and that one that breaks is had back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from streaming import supervisor
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.engine_room import EngineRoom
from streaming.metrics import Metrics
from streaming.settings import EngineSettings
from tests.support.faulty import FaultyEngine, raises
from tests.support.work import Client, Gate, answer, request

pytestmark = pytest.mark.timeout(30)


@asynccontextmanager
async def room(
    *engines: Engine, load: Callable[[], Sequence[Engine]] | None = None, **options: object
) -> AsyncIterator[EngineRoom]:
    it = EngineRoom(EngineSettings(), load or (lambda: engines), Metrics(), **options)  # type: ignore[arg-type]
    await it.start()
    try:
        yield it
    finally:
        await it.stop()


class Used(FakeEngine):
    """A fake engine that occupies memory."""

    def __init__(self, mib: int | None) -> None:
        super().__init__()
        self._mib = mib

    def memory_used_bytes(self) -> int | None:
        return None if self._mib is None else self._mib * 2**20


async def test_before_the_start_and_behind_the_end() -> None:
    it = EngineRoom(EngineSettings(), lambda: [FakeEngine()], Metrics())
    assert (it.state, it.engines, it.read(), it.restarts, it.left_behind) == (
        "starting", (), [], 0, 0,
    )  # fmt: skip
    assert it.load(0).used == 0
    assert await it.response_ms(1) is None
    with pytest.raises(RuntimeError, match="not started"):
        _ = it.scheduler
    await it.start()
    (reading,) = it.read()
    assert (reading.serving, reading.busy_s, reading.most_rows) == (True, 0, 8)
    assert it.state == "ok"
    await it.stop()
    assert it.state == "stopped"
    assert await it.response_ms(1) is None


async def test_an_engine_that_can_not_be_warmed_up_is_closed() -> None:
    engine = FaultyEngine(FakeEngine(), raises(RuntimeError("no")))
    it = EngineRoom(EngineSettings(), lambda: [engine], Metrics())
    with pytest.raises(RuntimeError, match="no"):
        await it.start()
    await it.stop()
    assert engine.closed


async def test_an_engine_that_turns_answers_and_one_that_hangs_does_not() -> None:
    gate, warm = Gate(), False

    def script(asked: DecodeRequest) -> Hypothesis:
        return gate(asked) if warm else answer(asked)

    async with room(FakeEngine(script)) as it:
        assert await it.response_ms(5) is not None
        warm = True
        it.scheduler.add(Client(request(Kind.PARTIAL, 0)))
        it.scheduler.wake()
        await gate.entered()
        assert await it.response_ms(0.01) is None
        assert it.read()[0].busy_s > 0
        gate.open()
        assert await it.response_ms(5) is not None


async def test_an_engine_that_fails_at_everything_but_silence_does_not_answer() -> None:
    broken = False

    def script(asked: DecodeRequest) -> Hypothesis:
        if broken and asked.segment:
            raise RuntimeError("no such kernel")
        return answer(asked)

    healthy = []
    async with room(FakeEngine(script)) as it:
        for number in range(1, 5):
            broken = number < 4
            client = Client(request(Kind.FINAL, number))
            it.scheduler.add(client)
            it.scheduler.wake()
            await client.until(lambda it: bool(it.failures or it.answers))
            it.scheduler.remove(client)
            healthy.append((it.state, await it.response_ms(5) is not None))
    assert healthy == [("ok", True), ("ok", True), ("failing", False), ("ok", True)]


async def test_a_broken_engine_is_loaded_anew_and_seen_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_PAUSES_S", (0.0,))
    broken = FaultyEngine(FakeEngine(answer), None, None, always=raises(RuntimeError("lost")))
    cold = FaultyEngine(FakeEngine(answer), raises(RuntimeError("not yet")))
    engines: list[Engine] = [broken, cold, FakeEngine(answer)]
    metrics = Metrics()
    it = EngineRoom(EngineSettings(), lambda: [engines.pop(0)], metrics)
    await it.start()
    client = Client(request(Kind.FINAL, 1))
    it.scheduler.add(client)
    it.scheduler.wake()
    await client.until(lambda client: bool(client.answers))  # it is given back to be asked again
    assert it.state == "restarting"
    assert await it.response_ms(5) is None
    client.begun.clear()
    it.scheduler.wake()
    await client.served(2)
    assert client.answers[-1][1] == answer(client.offered[0])
    assert (it.state, it.restarts) == ("ok", 1)
    assert cold.closed  # it did not warm up
    assert metrics.value("engine_restarts_total", outcome="failed") == 1
    assert metrics.value("engine_restarts_total", outcome="done") == 1
    assert metrics.value("requests_requeued_total") == 1
    assert await it.response_ms(5) is not None
    await it.stop()


async def test_of_several_engines_one_is_loaded_anew_by_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "_PAUSES_S", (0.0,))
    asked: list[int] = []

    def reload(number: int) -> Engine:
        asked.append(number)
        return FakeEngine(answer)

    broken = FaultyEngine(FakeEngine(answer), None, None, always=raises(RuntimeError("lost")))
    async with room(FakeEngine(answer), broken, reload=reload) as it:
        client = Client(*(request(Kind.FINAL, number) for number in range(40)))
        it.scheduler.add(client)
        it.scheduler.wake()
        while not asked:  # noqa: ASYNC110 - the loader is another thread
            await asyncio.sleep(0.001)
    assert asked == [1]


@pytest.mark.parametrize(
    "engines, shown", [([1_000, 24], "1024 MiB"), ([None], None), ([None, 5], "5 MiB")]
)
async def test_memory_of_all_gpus_together(engines: list[int | None], shown: str | None) -> None:
    async with room(*(Used(mib) for mib in engines)) as it:
        assert it.gpu_memory_used() == shown
