"""Many that are silent and some that speak: by their pings it is seen whether anybody waits."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import time
from pathlib import Path

from websockets.exceptions import ConnectionClosed, InvalidStatus

from load.decode import read_audio
from streaming.audio.framing import to_int16
from tests.chaos.cuts import roomy
from tests.chaos.trial import Effort, Outcome, percentile
from tests.chaos.victim import Victim, victim
from tests.integration.harness import Client, client
from tests.support.marked import marked, said
from tests.support.recordings import recordings

_CHUNK_MS = 100
_PING_EVERY_S = 1.0


async def crowd(effort: Effort) -> Outcome:
    """200 idle and 16 speaking connections; ``CHAOS_MODEL`` names a real model to decode with."""
    idle, speaking = effort.of(200), effort.of(16)
    model = os.environ.get("CHAOS_MODEL")
    outcome = Outcome(
        "crowd",
        f"{idle} idle and {speaking} speaking connections for {effort.seconds:g} s, "
        + (f"decoded by {Path(model).name}" if model else "fake engine, 20 ms a batch"),
    )
    async with victim(
        engine={"delay_s": 0.02},
        model=model,
        WIRESCRIBE_LIMITS__MAX_SESSIONS=str(idle + speaking + 8),
        settings=roomy(),
    ) as server:
        if model is None:
            await server.serves()
        before = await server.held()
        pings: list[float] = []
        lateness: list[float] = []
        async with contextlib.AsyncExitStack() as stack:
            everyone = [await _arrive(stack, server) for _ in range(idle + speaking)]
            # A crowd that arrives in one instant is the storm's business.
            until = time.monotonic() + effort.seconds
            tasks = [_ping(it, number, until, pings) for number, it in enumerate(everyone)]
            tasks += [_lag(until, lateness)]
            talks = [
                _speak(it, number, until, outcome, exact=model is None)
                for number, it in enumerate(everyone[idle:])
            ]
            readers = [asyncio.create_task(_drink(it)) for it in everyone[:idle]]
            await asyncio.gather(*tasks, *talks)
            held = await server.held()
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
        # A real engine keeps the buffers of its largest batches, which it had not needed before.
        await _clean(server, outcome, before, memory_mib=48.0 if model is None else 320.0)
    p50, p99 = (percentile(pings, share) * 1000 for share in (0.5, 0.99))
    own = percentile(lateness, 0.99) * 1000
    outcome.expect(p99 < 250, f"p99 ping {p99:.0f} ms")
    outcome.happened = (
        f"{len(pings)} pings: median {p50:.0f} ms, p99 {p99:.0f} ms, worst "
        f"{max(pings) * 1000:.0f} ms (the client's own lateness p99 {own:.0f} ms); "
        f"{held.memory_mib - before.memory_mib:.0f} MiB more"
    )
    outcome.holds = "no word lost" if model is None else "each session ended in good order"
    outcome.figures = {"ping_p99_ms": p99, "ping_p50_ms": p50, "own_p99_ms": own}
    return outcome


async def _arrive(stack: contextlib.AsyncExitStack, server: Victim) -> Client:
    """Come in; who is asked to come back later, or to wait, does so."""
    async with asyncio.timeout(120):
        while True:
            try:
                it = await stack.enter_async_context(client(server.url + "?language=en"))
            except InvalidStatus as refused:
                seconds = float(refused.response.headers.get("Retry-After", "1"))
                await asyncio.sleep(min(1.0, seconds))
                continue
            await it.until("started")
            return it


async def _clean(server: Victim, outcome: Outcome, before: object, *, memory_mib: float) -> None:
    try:
        await server.settled(before, memory_mib=memory_mib)  # type: ignore[arg-type]
        server.assert_no_defects()
    except AssertionError as error:
        outcome.expect(False, str(error))


async def _ping(it: Client, number: int, until: float, took: list[float]) -> None:
    await asyncio.sleep(number % 100 * _PING_EVERY_S / 100)
    while time.monotonic() < until:
        began = time.perf_counter()
        await (await it.connection.ping())
        took.append(time.perf_counter() - began)
        await asyncio.sleep(_PING_EVERY_S)


async def _lag(until: float, lateness: list[float]) -> None:
    while time.monotonic() < until:
        began = time.perf_counter()
        await asyncio.sleep(0.02)
        lateness.append(time.perf_counter() - began - 0.02)


async def _drink(it: Client) -> None:
    """An idle client says now and then that it is there; it is never sent anything but acks."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep(it))
        while True:
            async with asyncio.timeout(None):
                await it.connection.recv()


async def _keep(it: Client) -> None:
    while True:
        await asyncio.sleep(5)
        await it.say("keepalive")


async def _speak(it: Client, number: int, until: float, outcome: Outcome, *, exact: bool) -> None:
    """Speak in real time: five words, a pause, five words; every one of them must arrive."""
    spoken: list[str] = []
    heard = asyncio.create_task(_hear(it))
    clock = time.monotonic()
    for word in itertools.count(number * 100_000, 5):
        if time.monotonic() >= until:
            break
        if exact:
            numbers = range(word, word + 5)
            audio = marked(numbers, silent_ms=1_000)
            spoken += said(numbers)
        else:
            audio = _recording(word) + bytes(32_000)
        for at in range(0, len(audio), _CHUNK_MS * 32):
            clock += _CHUNK_MS / 1000
            await asyncio.sleep(max(0.0, clock - time.monotonic()))
            await it.send(audio[at : at + _CHUNK_MS * 32])
    await it.say("end")
    code = await heard
    outcome.expect(code == 1000, f"speaker {number}: closed with {code}")
    if exact:
        got = it.transcript.text().split()
        outcome.expect(got == spoken, f"speaker {number}: {len(got)} words of {len(spoken)}")


async def _hear(it: Client) -> int:
    """Read up to the close; a real model may be minutes behind with the last finals."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(600):
            while True:
                it.transcript.add(json.loads(await it.connection.recv()))
    return it.connection.close_code or 1006


def _recording(number: int) -> bytes:
    """A real recording, for a real model: what the fake engine hears as words is noise to it."""
    english = [each for each in recordings() if each.language == "en" and each.duration_s < 15]
    return to_int16(read_audio(english[number % len(english)].path, 16_000)[0]).tobytes()
