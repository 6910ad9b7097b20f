"""Far more connections than there are places, in no time: each is refused politely."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter

from tests.chaos.trial import Effort, Outcome, percentile
from tests.chaos.victim import Victim, victim
from tests.integration.harness import client
from tests.support.frames import TEXT, RawSocket, raw, request
from tests.support.marked import marked, said

_PLACES = 4
_MEMORY_MIB = 16.0


async def storm(effort: Effort) -> Outcome:
    """2,000 connections in ten seconds to a server with four places, three of them taken."""
    count = effort.of(2_000)
    within_s = 10.0 * min(1.0, effort.scale)
    outcome = Outcome("storm", f"{count} connections in {within_s:g} s, 4 places")
    async with victim(
        WIRESCRIBE_LIMITS__MAX_SESSIONS=str(_PLACES), WIRESCRIBE_ADMISSION__MAX_WAITING="0"
    ) as server:
        await server.serves()
        before = await server.held()
        peak = [before.memory_mib]
        pings: list[float] = []
        async with contextlib.AsyncExitStack() as stack:
            holders = [
                await stack.enter_async_context(client(server.url + "?language=en"))
                for _ in range(_PLACES)
            ]
            for it in holders:
                await it.until("started")
            watching = asyncio.create_task(_watch(server, peak))
            pinging = asyncio.create_task(_ping(holders[1].connection, pings))
            answers = await _knock(server, count, within_s)
            watching.cancel()
            pinging.cancel()
            await asyncio.gather(watching, pinging, return_exceptions=True)
            # Those that had a place never noticed.
            for number, it in enumerate(holders):
                numbers = range(number * 10, number * 10 + 4)
                await it.send(marked(numbers, silent_ms=900))
                transcript = await it.finish()
                outcome.expect(transcript.text().split() == said(numbers), "a session lost words")
        impolite = {how: n for how, n in answers.items() if not how.startswith("refused")}
        outcome.expect(not impolite, f"not refused politely: {impolite}")
        grown = max(peak) - before.memory_mib
        outcome.expect(grown < _MEMORY_MIB, f"{grown:.1f} MiB more in the storm")
        await _clean(server, outcome, before)
        late = percentile(pings, 0.99) * 1000
        outcome.expect(late < 250, f"p99 ping {late:.0f} ms during the storm")
        ways = ", ".join(f"{n} {how}" for how, n in sorted(answers.items()))
        outcome.happened = f"{ways}; memory at most +{grown:.1f} MiB; p99 ping {late:.0f} ms"
        outcome.figures = {"memory_mib": grown, "ping_p99_ms": late}
    return outcome


async def _clean(server: Victim, outcome: Outcome, before: object) -> None:
    try:
        await server.settled(before)  # type: ignore[arg-type]
        await server.serves()
        server.assert_no_defects()
    except AssertionError as error:
        outcome.expect(False, str(error))


async def _watch(server: Victim, peak: list[float]) -> None:
    while True:
        peak.append(server.memory_mib())
        await asyncio.sleep(0.05)


async def _ping(connection: object, took: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await (await connection.ping())  # type: ignore[attr-defined]
        took.append(loop.time() - began)
        await asyncio.sleep(0.05)


async def _knock(server: Victim, count: int, within_s: float) -> Counter[str]:
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one(number: int) -> str:
        await asyncio.sleep(max(0.0, began + within_s * number / count - loop.time()))
        try:
            async with asyncio.timeout(20), raw(server.port) as it:
                browser = number % 2 == 0
                return await _outcome(it, server.port, browser)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            return type(error).__name__

    return Counter(await asyncio.gather(*(one(number) for number in range(count))))


async def _outcome(it: RawSocket, port: int, browser: bool) -> str:
    """What a newcomer is told; politely is a reason and a time to come back."""
    origin = {"Origin": f"http://127.0.0.1:{port}", "Host": f"127.0.0.1:{port}"} if browser else {}
    await it.send(request("/v1/stream?language=en", origin))
    head = (await it.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = head.split(" ", 2)[1]
    if status in ("503", "429"):
        polite = "\r\nretry-after:" in head.lower()
        return f"refused with {status}" if polite else f"{status} without Retry-After"
    if status != "101":
        return f"HTTP {status}"
    error: dict[str, object] = {}
    while True:
        opcode, payload = await it.frame()
        if opcode == TEXT:
            error = json.loads(payload)
        elif opcode == 8:
            code = int.from_bytes(payload[:2], "big")
            polite = bool(error.get("retry_after_ms")) and code in (1013, 4429)
            return f"refused with {code}" if polite else f"closed with {code}: {error}"
