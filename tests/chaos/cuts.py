"""Connections cut at random, a thousand times: with the shipped client no word is lost or doubled.

Every stream is spoken a second time over an uncut connection, and both must say the same.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from tests.chaos.speaker import Manner, Talk, talk
from tests.chaos.trial import Effort, Outcome
from tests.chaos.victim import Victim, victim
from tests.support.proxy import Proxy, proxy

_AT_ONCE = 12
_MANNER = Manner(utterances=12, speed=8.0)
_SHORT = Manner(utterances=3, longest=4, speed=8.0)


async def cuts(effort: Effort) -> Outcome:
    """1,000 cuts of every kind: reset, orderly end, in the middle of a frame, half-open."""
    return await _cuts("cuts", effort.of(1_000), effort, resume_ms=20_000)


async def forgotten(effort: Effort) -> Outcome:
    """300 cuts behind which the session is mostly gone: the client replays into a new one."""
    return await _cuts("forgotten", effort.of(300), effort, resume_ms=20)


async def _cuts(name: str, wanted: int, effort: Effort, *, resume_ms: int) -> Outcome:
    kept = "with resume" if resume_ms > 1_000 else "whose session is gone"
    outcome = Outcome(name, f"{wanted} random cuts {kept}, beside uncut runs")
    manner = _MANNER if wanted > 50 else _SHORT
    done: list[tuple[Talk, Talk]] = []
    cut = 0
    async with (
        victim(
            engine={"delay_s": 0.005},
            settings=roomy(),
            WIRESCRIBE_LIMITS__RESUME_MS=str(resume_ms),
        ) as server,
        proxy(server.port) as network,
    ):
        await server.serves()
        before = await server.held()
        streams = 0

        async def speakers(lane: int) -> None:
            nonlocal streams
            while cut < wanted:
                number, streams = streams, streams + 1
                dice = random.Random(f"{effort.seed}/{number}")
                state = dice.getstate()
                torn = await talk(network.url, manner, number * 1_000, dice)
                dice.setstate(state)
                whole = await talk(server.url, replace(manner, speed=100.0), number * 1_000, dice)
                done.append((torn, whole))

        async def scissors() -> None:
            nonlocal cut
            dice = random.Random(effort.seed)
            while True:
                # About four cuts a second for each stream, however many there are.
                await asyncio.sleep(dice.uniform(0.0, 0.5) / max(1, len(network.pipes)))
                cut += _cut_one(network, dice)

        cutting = asyncio.create_task(scissors())
        try:
            lanes = min(_AT_ONCE, max(3, wanted // 10))
            await asyncio.gather(*(speakers(lane) for lane in range(lanes)))
        finally:
            cutting.cancel()
            await asyncio.gather(cutting, return_exceptions=True)
        await _judge(outcome, server, before, done, cut)
    return outcome


def roomy() -> dict[str, str]:
    """Settings under which a crowd of fast speakers on one address is not refused."""
    return {
        "WIRESCRIBE_LIMITS__MAX_RATE": "1000",
        "WIRESCRIBE_LIMITS__BURST_MS": "10000000",
        "WIRESCRIBE_ADMISSION__FINALS_SHARE": "1.0",
        "WIRESCRIBE_ADMISSION__LATE_MS": "60000",
        "WIRESCRIBE_QUOTAS__HANDSHAKES_PER_S": "0",
    }


def _cut_one(network: Proxy, dice: random.Random) -> int:
    """Cut one open connection, if there is one; now and then it only seems open."""
    open_pipes = [pipe for pipe in network.pipes if pipe.flowing.is_set()]
    if not open_pipes:
        return 0
    pipe = dice.choice(open_pipes)
    if dice.random() < 0.1:
        pipe.stall()
        loop = asyncio.get_running_loop()
        loop.call_later(dice.uniform(0.05, 0.4), lambda: pipe.cut(reset=dice.random() < 0.5))
    else:
        pipe.cut(reset=dice.random() < 0.6)
    return 1


async def _judge(
    outcome: Outcome, server: Victim, before: object, done: list[tuple[Talk, Talk]], cut: int
) -> None:
    for torn, whole in done:
        for fault in torn.faults():
            outcome.expect(False, f"cut: {fault}")
        for fault in whole.faults():
            outcome.expect(False, f"uncut: {fault}")
        outcome.expect(torn.heard == whole.heard, "the cut run says something else than the uncut")
    try:
        await server.settled(before, memory_mib=32.0)  # type: ignore[arg-type]
        server.assert_no_defects()
    except AssertionError as error:
        outcome.expect(False, str(error))
    words = sum(len(torn.spoken) for torn, _ in done)
    resumed = sum(torn.resumed for torn, _ in done)
    anew = sum(torn.begun_anew for torn, _ in done)
    bad = sum(bool(torn.faults()) for torn, _ in done)
    outcome.happened = (
        f"{cut} cuts in {len(done)} streams of {words} words: {resumed} times resumed, {anew} "
        f"times begun anew; {bad} streams with words lost or doubled"
    )
    outcome.figures = {"cuts": cut, "resumed": resumed, "anew": anew, "words": words, "bad": bad}
