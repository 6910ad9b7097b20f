"""Who is decoded next, and what becomes of the others when something fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.errors import EngineFault, InternalError
from streaming.scheduler import Scheduler
from tests.support.work import Client, Gate, answer, request

pytestmark = pytest.mark.timeout(20)


@asynccontextmanager
async def serving(*engines: Engine, start: bool = True) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(engines)
    if start:
        scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()


async def test_an_answer_comes_back_to_who_asked() -> None:
    one, two = Client(request(Kind.FINAL, 1)), Client(request(Kind.PARTIAL, 2))
    async with serving(FakeEngine(answer)) as scheduler:
        scheduler.add(one)
        scheduler.add(two)
        scheduler.wake()
        await one.served()
        await two.served()
    assert [h and h.text for _, h in one.answers] == ["final-1"]
    assert [h and h.text for _, h in two.answers] == ["partial-2"]
    assert not one.failures
    assert scheduler.load.decoded_requests == 2
    assert scheduler.headroom.busy == 0
    assert scheduler.load.last_success is not None


async def test_finals_go_first_whoever_waits() -> None:
    partials = [Client(request(Kind.PARTIAL, n)) for n in range(3)]
    finals = [Client(request(Kind.FINAL, n)) for n in range(3)]
    engine = FakeEngine(answer, max_batch=2)
    async with serving(engine, start=False) as scheduler:
        for client in (*partials, *finals):
            scheduler.add(client)
        scheduler.start()
        for client in (*partials, *finals):
            await client.served()
    kinds = [asked.kind for batch in engine.batches for asked in batch]
    assert kinds == [Kind.FINAL] * 3 + [Kind.PARTIAL] * 3


async def test_sessions_take_turns_however_much_one_of_them_wants() -> None:
    greedy = Client(*(request(Kind.PARTIAL, n) for n in range(20)))
    modest = [Client(*(request(Kind.PARTIAL, 100 + n) for n in range(3))) for _ in range(2)]
    gate = Gate()
    async with serving(FakeEngine(gate, max_batch=1)) as scheduler:
        scheduler.add(greedy)
        scheduler.wake()
        await gate.entered()
        for client in modest:
            scheduler.add(client)
        gate.open()
        for client in modest:
            await client.served()
        assert len(greedy.begun) <= 1 + 3 + 1
        await greedy.served()


async def test_what_is_offered_again_and_again_starves_nobody() -> None:
    class Endless(Client):
        def work(self) -> Iterable[DecodeRequest]:
            return [request(Kind.FINAL, len(self.begun))]

    endless, other = Endless(), Client(request(Kind.FINAL, 1))
    async with serving(FakeEngine(answer, max_batch=1)) as scheduler:
        scheduler.add(endless)
        scheduler.wake()
        await endless.served(3)
        scheduler.add(other)
        await other.served()


async def test_a_batch_holds_one_key_only_and_no_more_than_the_engine_takes() -> None:
    class Keyed(FakeEngine):
        def batch_key(self, request: DecodeRequest) -> Hashable:
            return request.segment % 2

    engine = Keyed(answer, max_batch=3)
    client = Client(*(request(Kind.PARTIAL, n) for n in range(10)))
    async with serving(engine, start=False) as scheduler:
        scheduler.add(client)
        scheduler.start()
        await client.served()
    assert [len(batch) for batch in engine.batches] == [3, 3, 2, 2]
    for batch in engine.batches:
        assert len({asked.segment % 2 for asked in batch}) == 1
    assert sorted(asked.segment for asked, _ in client.answers) == list(range(10))


async def test_workers_of_all_engines_decode_at_once() -> None:
    gates = [Gate(), Gate()]
    engines = [FakeEngine(gates[0], concurrency=2, max_batch=1), FakeEngine(gates[1], max_batch=1)]
    client = Client(*(request(Kind.FINAL, n) for n in range(3)))
    async with serving(*engines) as scheduler:
        assert scheduler.load.workers == 3
        scheduler.add(client)
        scheduler.wake()
        await gates[0].entered()
        await gates[0].entered()
        await gates[1].entered()
        assert scheduler.headroom.busy == 3
        assert scheduler.headroom.oldest() is not None
        for gate in gates:
            gate.open()
        await client.served()


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
    assert [h and h.text for _, h in fleeting.answers] == [None, "partial-3"]
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
        def batch_key(self, request: DecodeRequest) -> Hashable:
            if request.segment == 13:
                raise TypeError("TextInputSequence must be str")
            return 0

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
    client = Client(request(Kind.FINAL, 1), request(Kind.FINAL, 2, padded=True))
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


async def test_a_turn_waits_behind_what_is_being_decoded() -> None:
    gate = Gate()
    client = Client(request(Kind.FINAL, 1))
    async with serving(FakeEngine(gate)) as scheduler:
        await scheduler.turn()
        scheduler.add(client)
        scheduler.wake()
        await gate.entered()
        turn = asyncio.create_task(scheduler.turn())
        await asyncio.sleep(0)
        assert not turn.done()
        gate.open()
        await turn


def test_no_engine_is_no_scheduler() -> None:
    with pytest.raises(ValueError, match="at least one engine"):
        Scheduler([])


class Recorder(FakeEngine):
    """Remembers how wide it searched for whom."""

    def __init__(self) -> None:
        super().__init__(answer)
        self.beams: dict[Kind, int] = {}

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        self.beams.update({asked.kind: beam for asked in requests})
        return super().decode(requests)


async def test_what_lasts_is_searched_wider_while_there_is_time() -> None:
    engine = Recorder()
    client = Client(*(request(kind, n) for n, kind in enumerate(Kind)))
    async with serving(engine, start=False) as scheduler:
        scheduler.add(client)
        scheduler.start()
        await client.served()
    assert engine.beams == {Kind.FINAL: 5, Kind.PARTIAL: 1, Kind.EARLY: 5}
    assert Kind.PARTIAL not in {asked.kind for asked in engine.batches[0]}


async def test_under_load_search_is_narrow_and_nothing_is_decoded_ahead() -> None:
    engine = Recorder()
    client = Client(*(request(kind, n) for n, kind in enumerate(Kind)))
    async with serving(engine, start=False) as scheduler:
        now = time.monotonic()
        scheduler.headroom.begin(0, now - 5)
        scheduler.headroom.end(0, now)
        scheduler.add(client)
        scheduler.start()
        await client.served(2)
        await scheduler.turn()
    assert engine.beams == {Kind.FINAL: 1, Kind.PARTIAL: 1}
    assert {asked.kind for asked in client.begun} == {Kind.FINAL, Kind.PARTIAL}
