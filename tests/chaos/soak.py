"""A server at capacity for as long as one likes, on a bad network: what was said is what arrives.

Streams of every sort come and go: those that are cut and resume, those that go without a word,
those that stop reading, those whose network stalls or is slow. What is said to the end is compared
word for word; the others must leave nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter

from tests.chaos.cuts import roomy
from tests.chaos.speaker import Manner, Talk, talk
from tests.chaos.trial import Effort, Outcome
from tests.chaos.victim import Victim, victim
from tests.support.frames import BINARY, TEXT, frame, shaken
from tests.support.marked import marked
from tests.support.proxy import Proxy, proxy

_CAPACITY = 16
_GROWTH_MIB = 24.0


async def soak(effort: Effort) -> Outcome:
    """As many streams as there are places, all the time."""
    capacity = max(4, round(_CAPACITY * min(1.0, effort.scale)))
    outcome = Outcome("soak", f"{capacity} streams at a time for {effort.seconds / 60:g} min")
    until = time.monotonic() + effort.seconds
    ways: Counter[str] = Counter()
    talks: list[Talk] = []
    memory: list[float] = []
    async with (
        victim(
            engine={"delay_s": 0.005},
            settings=roomy(),
            WIRESCRIBE_LIMITS__MAX_SESSIONS=str(capacity * 2),
            WIRESCRIBE_LIMITS__RESUME_MS="5000",
        ) as server,
        proxy(server.port) as network,
    ):
        await server.serves()
        before = await server.held()
        numbers = iter(range(1, 10**9))

        async def place() -> None:
            while time.monotonic() < until:
                number = next(numbers)
                dice = random.Random(f"{effort.seed}/{number}")
                await _one(server, network, number, dice, talks, ways, effort)

        weather = asyncio.create_task(_weather(network, random.Random(effort.seed), until, ways))
        watching = asyncio.create_task(_watch(server, memory))
        await asyncio.gather(*(place() for _ in range(capacity)))
        for task in (weather, watching):
            task.cancel()
        await asyncio.gather(weather, watching, return_exceptions=True)
        try:
            await server.settled(before, memory_mib=64.0)
            await server.serves()
            server.assert_no_defects()
        except AssertionError as error:
            outcome.expect(False, str(error))
    for each in talks:
        for fault in each.faults():
            outcome.expect(False, fault)
    grown = _growth(memory)
    outcome.expect(grown < _GROWTH_MIB, f"{grown:.1f} MiB more at the end than at a third")
    words = sum(len(each.spoken) for each in talks)
    bad = sum(bool(each.faults()) for each in talks)
    outcome.happened = (
        f"{len(talks)} streams to the end, {words} words, {bad} of them with a fault; "
        + ", ".join(f"{n} {way}" for way, n in sorted(ways.items()))
        + f"; memory {grown:+.1f} MiB from the first third to the last"
    )
    outcome.figures = {"streams": len(talks), "words": words, "bad": bad, "grown_mib": grown}
    return outcome


def _growth(memory: list[float]) -> float:
    """The median of the last tenth less that of a tenth after the first third."""
    tenth = max(1, len(memory) // 10)
    third = len(memory) // 3
    middle, end = sorted(memory[third : third + tenth]), sorted(memory[-tenth:])
    return end[len(end) // 2] - middle[len(middle) // 2] if middle else 0.0


async def _one(
    server: Victim,
    network: Proxy,
    number: int,
    dice: random.Random,
    talks: list[Talk],
    ways: Counter[str],
    effort: Effort,
) -> None:
    first = number % 4_000_000 * 1_000
    match dice.choices(["talk", "vanish", "deaf", "silent"], [10, 2, 1, 1])[0]:
        case "talk":
            longest = 10 if effort.seconds > 10 else 3
            manner = Manner(
                dice.randint(2, longest), speed=dice.choice([2.0, 8.0, 20.0][effort.seconds < 10 :])
            )
            talks.append(await talk(network.url, manner, first, dice))
        case "vanish":
            ways["gone without a word"] += 1
            async with shaken(server.port, "/v1/stream?language=en") as it:
                await it.send(frame(BINARY, marked(range(first, first + 3))))
                await asyncio.sleep(dice.uniform(0, 0.3))
                it.vanish()
        case "deaf":
            ways["that never read"] += 1
            with contextlib.suppress(TimeoutError):
                async with (
                    asyncio.timeout(2),
                    shaken(server.port, "/v1/stream?language=en", receive_buffer=4_096) as it,
                ):
                    for _ in range(100):
                        await it.send(frame(TEXT, b'{"type":"finalize","id":"x"}') * 50)
                        await asyncio.sleep(0.01)
        case _:
            ways["with nothing to say"] += 1
            async with shaken(server.port, "/v1/stream?language=en") as it:
                await it.send(frame(BINARY, bytes(6_400)))
                await asyncio.sleep(dice.uniform(0, 0.5))


async def _weather(network: Proxy, dice: random.Random, until: float, ways: Counter[str]) -> None:
    while time.monotonic() < until:
        await asyncio.sleep(dice.uniform(0.05, 0.6))
        pipes = [pipe for pipe in network.pipes if pipe.flowing.is_set()]
        match dice.choice(["cut", "cut", "end", "stall", "hiccup", "slow", "all"]):
            case "cut" if pipes:
                ways["resets"] += 1
                dice.choice(pipes).cut()
            case "end" if pipes:
                ways["orderly ends"] += 1
                dice.choice(pipes).cut(reset=False)
            case "stall" if pipes:
                ways["half-open"] += 1
                pipe = dice.choice(pipes)
                pipe.stall()
                asyncio.get_running_loop().call_later(dice.uniform(0.5, 3.0), pipe.cut)
            case "hiccup" if pipes:
                ways["stalls"] += 1
                pipe = dice.choice(pipes)
                pipe.stall()
                asyncio.get_running_loop().call_later(dice.uniform(0.1, 1.0), pipe.resume)
            case "slow":
                network.delay_s = dice.choice([0.0, 0.0, 0.005, 0.02])
            case "all" if dice.random() < 0.1:
                ways["cuts of everything"] += 1
                network.cut_all()


async def _watch(server: Victim, memory: list[float]) -> None:
    while True:
        memory.append(server.memory_mib())
        await asyncio.sleep(0.5)
