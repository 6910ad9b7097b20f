"""One worker and every way in which its engine can fail it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from streaming import worker as module
from streaming.answers import Rubbish
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.heartbeat import Heartbeat
from streaming.station import Station
from streaming.threads import Crashed
from streaming.worker import Decoded, Worker
from tests.support.faulty import (
    Counted,
    Fault,
    FaultyEngine,
    Hang,
    changed,
    nothing,
    raises,
    short,
    with_word,
)
from tests.support.work import answer, request

pytestmark = pytest.mark.timeout(20)

NAN = float("nan")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0)


def finals(count: int) -> list[DecodeRequest]:
    return [request(Kind.FINAL, number) for number in range(count)]


class Bench:
    """A worker at its station, and what was counted."""

    def __init__(self, engine: Engine) -> None:
        self.counted = Counted()
        self.station = Station(0, engine, Heartbeat(30))
        self.worker = Worker(0, self.station, self.counted)

    async def decode(self, requests: Sequence[DecodeRequest], beam: int = 1) -> Decoded:
        try:
            return await self.worker.decode(requests, beam)
        finally:
            self.worker.leave()
            await self.worker.left()


def texts(decoded: Decoded) -> list[str | None]:
    return [None if each is None else each.text for each in decoded.answers]


async def test_a_good_batch_is_one_call() -> None:
    engine = FaultyEngine(FakeEngine(answer))
    bench = Bench(engine)
    decoded = await bench.decode(finals(3))
    assert texts(decoded) == ["final-0", "final-1", "final-2"]
    assert (decoded.cause, decoded.broken) == (None, False)
    assert (engine.rows, bench.counted.faults) == ([3], [])
    assert bench.station.heartbeat.oldest_s(0) is None


@pytest.mark.parametrize(
    "fault, kind",
    [
        (raises(RuntimeError("no")), "error"),
        (raises(StopIteration()), "error"),
        (raises(SystemExit(1)), "crashed"),
        (raises(KeyboardInterrupt()), "crashed"),
        (raises(asyncio.CancelledError()), "crashed"),
        (raises(GeneratorExit()), "crashed"),
        (short, "rubbish"),
        (nothing, "rubbish"),
        (changed(language_confidence=NAN), "rubbish"),
        (changed(average_logprob=NAN), "rubbish"),
        (changed(text=None), "rubbish"),
        (with_word("hello", 0, 3_600_000), "rubbish"),
        (with_word("hello", 0, 20, NAN), "rubbish"),
    ],
)
async def test_a_fault_that_passes_costs_nothing_but_time(fault: Fault, kind: str) -> None:
    engine = FaultyEngine(FakeEngine(answer), fault)
    bench = Bench(engine)
    decoded = await bench.decode(finals(2))
    assert texts(decoded) == ["final-0", "final-1"]
    assert engine.rows == [2, 1, 1]
    assert bench.counted.faults == [kind]
    assert decoded.cause is not None
    assert not decoded.broken


async def test_what_is_good_of_a_batch_with_rubbish_in_it_is_kept() -> None:
    def one_of_three(asked: DecodeRequest) -> object:
        return answer(asked) if asked.segment != 1 else None

    engine = FaultyEngine(FakeEngine(one_of_three))  # type: ignore[arg-type]
    decoded = await Bench(engine).decode(finals(3))
    assert texts(decoded) == ["final-0", None, "final-2"]
    assert engine.rows == [3, 1, 1, 1]
    assert isinstance(decoded.cause, Rubbish)
    assert not decoded.broken


async def test_a_final_has_three_attempts_alone_and_a_partial_one() -> None:
    engine = FaultyEngine(FakeEngine(answer), *[raises(OSError("no"))] * 4, None)
    decoded = await Bench(engine).decode([request(Kind.FINAL, 1)])
    assert engine.rows == [1] * 5  # the last one was silence, to see who is to blame
    assert (texts(decoded), decoded.broken) == ([None], False)
    engine = FaultyEngine(FakeEngine(answer), *[raises(OSError("no"))] * 2, None)
    decoded = await Bench(engine).decode([request(Kind.PARTIAL, 1)])
    assert engine.rows == [1] * 3
    assert (texts(decoded), decoded.broken) == ([None], False)


async def test_an_engine_that_can_not_decode_silence_is_broken() -> None:
    engine = FaultyEngine(FakeEngine(answer), always=raises(RuntimeError("device lost")))
    decoded = await Bench(engine).decode(finals(2))
    assert texts(decoded) == [None, None]
    assert decoded.broken
    assert len(engine.rows) == 1 + 2 * 3 + 3


async def test_batches_are_halved_until_they_fit_and_stay_so_for_a_while() -> None:
    engine = FaultyEngine(FakeEngine(answer), memory_rows=3)
    bench = Bench(engine)
    decoded = await bench.worker.decode(finals(8), 5)
    assert texts(decoded) == [f"final-{n}" for n in range(8)]
    assert engine.rows == [8, 4, 2, 2, 2, 2]
    assert bench.counted.faults == ["out_of_memory"] * 2
    assert not decoded.broken
    engine.rows.clear()
    await bench.decode(finals(8))
    assert engine.rows == [2] * 4


async def test_after_memory_ran_out_the_search_is_narrow() -> None:
    beams: list[int] = []

    class Wide(FakeEngine):
        def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
            beams.append(beam)
            if beam > 1:
                raise MemoryError
            return super().decode(requests)

    decoded = await Bench(Wide(answer)).decode(finals(2), 5)
    assert texts(decoded) == ["final-0", "final-1"]
    assert beams == [5, 1, 1]


async def test_what_is_decoded_again_is_searched_as_widely() -> None:
    beams: list[int] = []

    class Wide(FakeEngine):
        def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
            beams.append(beam)
            if len(beams) == 1:
                raise RuntimeError
            return super().decode(requests)

    await Bench(Wide(answer)).decode(finals(2), 5)
    assert beams == [5, 5, 5]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"),
        RuntimeError("std::bad_alloc"),
    ],
)
async def test_too_little_memory_for_one_is_no_broken_engine(error: Exception) -> None:
    engine = FaultyEngine(FakeEngine(answer), always=raises(error))
    bench = Bench(engine)
    decoded = await bench.decode(finals(1))
    assert (texts(decoded), decoded.broken) == ([None], False)
    assert engine.rows == [1] * 4
    assert set(bench.counted.faults) == {"out_of_memory"}
    assert bench.station.rows.most(0) == 8  # one request is no batch to be halved


async def test_a_thread_that_has_ended_is_replaced() -> None:
    bench = Bench(FaultyEngine(FakeEngine(answer)))
    bench.worker.leave()
    await bench.worker.left()
    assert texts(await bench.decode(finals(1))) == ["final-0"]


async def test_a_call_left_behind_may_come_back_and_disturbs_nobody() -> None:
    hang = Hang()
    engine = FaultyEngine(FakeEngine(answer), hang)
    bench = Bench(engine)
    worker, station = bench.worker, bench.station
    worker.task = asyncio.create_task(_ignore(worker.decode(finals(1), 1)))
    assert await asyncio.to_thread(hang.entered.acquire, timeout=10)
    assert not worker.overdue(0)
    assert worker.overdue(1e9)
    worker.give_up()
    await asyncio.wait([worker.task])
    assert worker.task.cancelled()
    assert station.heartbeat.oldest_s(1e9) is None
    station.install(FakeEngine(answer))
    assert not engine.closed
    hang.end()
    await worker.left()
    await asyncio.sleep(0)
    assert not worker.overdue(1e9)


async def _ignore(decoding: object) -> None:
    await decoding  # type: ignore[misc]


async def test_a_turn_comes_behind_what_is_being_decoded() -> None:
    hang = Hang()
    worker = Bench(FaultyEngine(FakeEngine(answer), hang)).worker
    decoding = asyncio.create_task(worker.decode(finals(1), 1))
    assert await asyncio.to_thread(hang.entered.acquire, timeout=10)
    turn = asyncio.create_task(worker.turn())
    await asyncio.sleep(0)
    assert not turn.done()
    hang.end()
    await turn
    assert texts(await decoding) == ["final-0"]
    worker.leave()
    await worker.left()


async def test_an_error_is_logged_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    engine = FaultyEngine(FakeEngine(answer), raises(ValueError("said-secret")))
    await Bench(engine).decode(finals(1))
    assert "said-secret" not in "".join(capsys.readouterr())


def test_a_crash_is_one_of_ours() -> None:
    assert issubclass(Crashed, RuntimeError)
