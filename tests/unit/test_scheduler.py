"""Who is decoded next, with whom, and how carefully."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterable, Sequence

import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import BatchKey
from streaming.engine.fake import FakeEngine
from streaming.scheduler import Scheduler
from tests.support.work import Client, Gate, answer, request, serving

pytestmark = pytest.mark.timeout(20)


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


@pytest.mark.parametrize(("waited_s", "hurried"), [(0.0, False), (2.0, True)])
async def test_answers_tell_whether_there_is_time_for_a_second_look(
    waited_s: float, hurried: bool
) -> None:
    client = Client(request(Kind.FINAL, 1))
    async with serving(FakeEngine(answer)) as scheduler:
        now, other = time.monotonic(), ((-1, 0), Kind.FINAL)
        scheduler.headroom.look([other], [], now - waited_s)
        scheduler.headroom.look([other], [other], now)
        scheduler.add(client)
        scheduler.wake()
        await client.served()
    assert [h and h.hurried for _, h in client.answers] == [hurried]


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
        def batch_key(self, request: DecodeRequest) -> BatchKey:
            return BatchKey(request.segment % 2)

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
        self.beams: dict[tuple[Kind, bool], int] = {}

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        self.beams.update({(asked.kind, asked.again): beam for asked in requests})
        return super().decode(requests)


async def test_what_is_decoded_again_is_searched_wider_and_nothing_else() -> None:
    engine = Recorder()
    again = dataclasses.replace(request(Kind.FINAL, 0), again=True)
    client = Client(again, *(request(kind, n) for n, kind in enumerate(Kind, 1)))
    async with serving(engine, start=False) as scheduler:
        scheduler.add(client)
        scheduler.start()
        await client.served()
    assert engine.beams == {
        (Kind.FINAL, True): 5,
        (Kind.FINAL, False): 1,
        (Kind.PARTIAL, False): 1,
        (Kind.EARLY, False): 1,
    }
    assert Kind.PARTIAL not in {asked.kind for asked in engine.batches[0]}


async def test_under_load_nothing_is_decoded_ahead() -> None:
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
    assert {kind for kind, _ in engine.beams} == {Kind.FINAL, Kind.PARTIAL}
    assert {asked.kind for asked in client.begun} == {Kind.FINAL, Kind.PARTIAL}


async def test_under_load_partials_of_one_session_are_stretched_and_its_finals_are_not() -> None:
    engine = Recorder()
    client = Client(request(Kind.PARTIAL, 0))
    async with serving(engine, start=False) as scheduler:
        now = time.monotonic()
        scheduler.headroom.begin(0, now - 5)
        scheduler.headroom.end(0, now)
        scheduler.add(client)
        scheduler.start()
        await client.served(1)
        client.offered += [request(Kind.PARTIAL, 1), request(Kind.FINAL, 2)]
        scheduler.wake()
        await client.served(2)
        other = Client(request(Kind.PARTIAL, 3))
        scheduler.add(other)
        scheduler.wake()
        await other.served(1)
    assert [asked.segment for asked in client.begun] == [0, 2]


async def test_who_speaks_is_known_and_what_it_costs() -> None:
    gate = Gate()
    final, partial = Client(request(Kind.FINAL, 1)), Client(request(Kind.PARTIAL, 2))
    async with serving(FakeEngine(gate, max_batch=1), start=False) as scheduler:
        scheduler.add(final)
        scheduler.add(partial)
        scheduler.start()
        await gate.entered()
        assert scheduler.headroom.read(time.monotonic()).speaking == 2
        gate.open()
        await final.served()
        await partial.served()
        assert scheduler.headroom.read(time.monotonic()).cost > 0


async def test_a_file_is_decoded_in_batches_behind_everybody_and_counts_for_nobody() -> None:
    file = Client(*(request(Kind.FINAL, number) for number in range(8)))
    live = [Client(request(Kind.PARTIAL, 10)), Client(request(Kind.FINAL, 11))]
    engine = FakeEngine(answer, max_batch=4)
    async with serving(engine, start=False) as scheduler:
        scheduler.add(file, background=True)
        for client in live:
            scheduler.add(client)
        scheduler.start()
        await file.served()
        load = scheduler.headroom.read(time.monotonic())
    segments = [[asked.segment for asked in batch] for batch in engine.batches]
    assert segments[:2] == [[11], [10]]
    assert sorted(number for batch in segments[2:] for number in batch) == list(range(8))
    assert load.speaking == 2


async def test_a_file_alone_fills_whole_batches_and_nobody_is_thought_to_speak() -> None:
    file = Client(*(request(Kind.FINAL, number) for number in range(8)))
    engine = FakeEngine(answer, max_batch=4)
    async with serving(engine, start=False) as scheduler:
        scheduler.add(file, background=True)
        scheduler.start()
        await file.served()
        load = scheduler.headroom.read(time.monotonic())
    assert [len(batch) for batch in engine.batches] == [4, 4]
    assert (load.speaking, load.used, load.waiting_s) == (0, 0.0, 0.0)
