"""A request, a session or the engine fails, or somebody leaves: the others are served on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import BatchKey
from streaming.engine.fake import FakeEngine
from streaming.errors import EngineFault, InternalError, WirescribeError
from streaming.scheduler import Scheduler
from tests.support.work import Client, Gate, answer, request, serving

pytestmark = pytest.mark.timeout(20)


async def test_one_bad_request_does_not_spoil_its_batch() -> None:
    def script(asked: DecodeRequest) -> Hypothesis:
        if asked.segment == 13:
            raise RuntimeError("no")
        return answer(asked)

    good = [Client(request(Kind.FINAL, n)) for n in (1, 2)]
    bad = Client(request(Kind.FINAL, 13))
    fleeting = Client(request(Kind.PARTIAL, 13), request(Kind.PARTIAL, 3))
    engine = FakeEngine(script)
    async with serving(engine, start=False) as scheduler:
        for client in (good[0], bad, good[1], fleeting):
            scheduler.add(client)
        scheduler.start()
        for client in good:
            await client.served()
        await bad.until(lambda it: bool(it.failures))
        await fleeting.served()
        late = Client(request(Kind.FINAL, 4))
        scheduler.add(late)
        scheduler.wake()
        await late.served()
    assert [h and h.text for c in good for _, h in c.answers] == ["final-1", "final-2"]
    assert bad.answers == []
    assert [type(error) for error in bad.failures] == [EngineFault]
    assert isinstance(bad.failures[0].__cause__, RuntimeError)
    # A partial that fails is not worth a session: the next one is on its way.
    assert [h and h.text for _, h in fleeting.answers] == ["partial-3", None]
    assert not fleeting.failures


async def test_a_final_that_fails_once_is_decoded_after_all() -> None:
    failures = iter([True, True, False])

    def script(asked: DecodeRequest) -> Hypothesis:
        if next(failures):
            raise MemoryError
        return answer(asked)

    client = Client(request(Kind.FINAL, 1))
    async with serving(FakeEngine(script)) as scheduler:
        scheduler.add(client)
        scheduler.wake()
        await client.served()
    assert client.answers[0][1] == answer(client.offered[0])
    assert not client.failures


async def test_a_wrong_number_of_answers_is_a_failure_and_no_end_of_service() -> None:
    class Short(FakeEngine):
        def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
            return super().decode(requests)[: 1 if len(requests) > 1 else None]

    client = Client(request(Kind.FINAL, 1), request(Kind.FINAL, 2))
    async with serving(Short(answer), start=False) as scheduler:
        scheduler.add(client)
        scheduler.start()
        await client.served()
    assert [h and h.text for _, h in client.answers] == ["final-1", "final-2"]


@pytest.mark.parametrize("where", ["work", "key"])
async def test_a_session_that_fails_when_asked_ends_alone(where: str) -> None:
    """Once this killed the worker, and with it every session there was."""

    class Broken(Client):
        def work(self) -> Iterable[DecodeRequest]:
            yield request(Kind.FINAL, 13)
            if where == "work":
                raise IndexError("samples are gone")

    class Picky(FakeEngine):
        def batch_key(self, request: DecodeRequest) -> BatchKey:
            if request.segment == 13:
                raise TypeError("TextInputSequence must be str")
            return BatchKey(0)

    broken, good = Broken(), Client(request(Kind.FINAL, 1))
    async with serving(Picky(answer) if where == "key" else FakeEngine(answer)) as scheduler:
        scheduler.add(broken)
        scheduler.wake()
        await broken.until(lambda it: bool(it.failures))
        scheduler.add(good)
        scheduler.wake()
        await good.served()
    assert [type(error) for error in broken.failures] == [InternalError]
    assert broken.begun == []


async def test_what_was_decoded_is_handed_out_before_the_failure_that_ends_the_session() -> None:
    def script(asked: DecodeRequest) -> Hypothesis:
        if asked.segment == 1:
            raise RuntimeError
        return answer(asked)

    class Parting(Client):
        """Leaves as soon as it hears of a failure."""

        def work_failed(self, error: WirescribeError) -> None:
            super().work_failed(error)
            scheduler.remove(self)

    client = Parting(*(request(Kind.FINAL, n) for n in range(3)))
    async with serving(FakeEngine(script), start=False) as scheduler:
        scheduler.add(client)
        scheduler.start()
        await client.until(lambda it: bool(it.failures))
    assert [h and h.text for _, h in client.answers] == ["final-0", "final-2"]


async def test_a_session_that_fails_at_its_answer_ends_alone() -> None:
    class Clumsy(Client):
        def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
            raise KeyError("lost")

    clumsy, good = Clumsy(request(Kind.FINAL, 1)), Client(request(Kind.FINAL, 2))
    async with serving(FakeEngine(answer), start=False) as scheduler:
        scheduler.add(clumsy)
        scheduler.add(good)
        scheduler.start()
        await good.served()
        await clumsy.until(lambda it: bool(it.failures))
    assert [type(error) for error in clumsy.failures] == [InternalError]


async def test_batches_that_fail_in_a_row_are_counted_until_one_succeeds() -> None:
    broken = True

    def script(asked: DecodeRequest) -> Hypothesis:
        if broken:
            raise RuntimeError
        return answer(asked)

    counted = []
    async with serving(FakeEngine(script, max_batch=1)) as scheduler:
        for number in range(4):
            broken = number < 3
            client = Client(request(Kind.FINAL, number))
            scheduler.add(client)
            scheduler.wake()
            await client.until(lambda it: bool(it.failures or it.answers))
            scheduler.remove(client)
            counted.append(scheduler.load.failures)
    assert counted == [1, 2, 3, 0]


async def test_a_source_that_left_hears_nothing_of_what_was_on_the_way() -> None:
    gate = Gate()
    leaver, stayer = Client(request(Kind.FINAL, 1)), Client(request(Kind.FINAL, 2))
    async with serving(FakeEngine(gate), start=False) as scheduler:
        scheduler.add(leaver)
        scheduler.add(stayer)
        scheduler.start()
        await gate.entered()
        scheduler.remove(leaver)
        scheduler.remove(leaver)
        gate.open()
        await stayer.served()
    assert leaver.begun
    assert leaver.answers == []


async def test_a_source_that_left_hears_of_no_failure_either() -> None:
    def script(asked: DecodeRequest) -> Hypothesis:
        raise RuntimeError

    gate = Gate(script)
    leaver, stayer = Client(request(Kind.FINAL, 1)), Client(request(Kind.PARTIAL, 2))
    async with serving(FakeEngine(gate, max_batch=1), start=False) as scheduler:
        scheduler.add(leaver)
        scheduler.add(stayer)
        scheduler.start()
        await gate.entered()
        scheduler.remove(leaver)
        gate.open()
        await stayer.served()
    assert leaver.failures == []


async def test_stop_waits_for_the_decode_in_progress_and_drops_its_answer() -> None:
    gate = Gate()
    client = Client(request(Kind.FINAL, 1), request(Kind.FINAL, 2, again=True))
    engine = FakeEngine(gate)
    scheduler = Scheduler([engine])
    scheduler.start()
    scheduler.add(client)
    scheduler.wake()
    await gate.entered()
    stopping = asyncio.create_task(scheduler.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    gate.open()
    await stopping
    assert client.answers == []
    assert len(engine.batches) == 1
