"""Messages that are none, thousands of each dialect: each is refused, and nothing breaks."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.chaos.trial import Effort, Outcome
from tests.chaos.victim import victim
from tests.fuzz.inputs import kept
from tests.fuzz.mutate import mutants
from tests.fuzz.targets import DIALECTS, WORDS, seeds
from tests.support.frames import BINARY, TEXT, frame, shaken

ROUTES = {"native": "/v1/stream"}
"""Where each dialect is spoken."""

_AT_ONCE = 16
_FIRST = {"native": b'{"type":"start","language":"en"}'}
_LAST = {"native": b'{"type":"end"}'}


async def malformed(effort: Effort) -> Outcome:
    """10,000 messages of each dialect, each over a connection of its own."""
    count = effort.of(10_000)
    outcome = Outcome("malformed", f"{count} malformed messages of each of {len(DIALECTS)} dialect")
    codes: Counter[int] = Counter()
    async with victim(WIRESCRIBE_LIMITS__START_TIMEOUT_MS="5000") as server:
        await server.serves()
        before = await server.held()
        for dialect in DIALECTS:
            messages = _messages(dialect, count, effort.seed)
            queue: asyncio.Queue[bytes] = asyncio.Queue()
            for message in messages:
                queue.put_nowait(message)

            async def work(dialect: str = dialect, queue: asyncio.Queue[bytes] = queue) -> None:
                while not queue.empty():
                    message = queue.get_nowait()
                    try:
                        codes[await _send(server.port, dialect, message)] += 1
                    except (AssertionError, TimeoutError) as error:
                        outcome.expect(False, f"{message[:60]!r}: {type(error).__name__} {error}")

            await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        wrong = {code: n for code, n in codes.items() if code not in _RIGHT}
        outcome.expect(not wrong, f"closed with {wrong}")
        try:
            await server.settled(before)
            await server.serves()
            server.assert_no_defects()
        except AssertionError as error:
            outcome.expect(False, str(error))
    told = ", ".join(f"{n} × {code}" for code, n in codes.most_common())
    outcome.happened = f"{sum(codes.values())} answered: {told}; no exception in the log"
    return outcome


# A message that happens to be a good one ends the session in good order.
_RIGHT = (1000, 1007, 1009, 4400, 4415, 4422, 4429)


def _messages(dialect: str, count: int, seed: int) -> list[bytes]:
    pool = [line for data in (*seeds(dialect), *kept(dialect)) for line in data.split(b"\n")]
    return list(mutants(pool, WORDS, count, seed))


async def _send(port: int, dialect: str, message: bytes) -> int:
    """First, or after a good start: return how the server closed."""
    async with asyncio.timeout(20), shaken(port, ROUTES[dialect]) as it:
        binary = message[:1] and message[0] < 0x20
        frames = frame(BINARY if binary else TEXT, message)
        if len(message) % 2:
            frames = frame(TEXT, _FIRST[dialect]) + frames
        await it.send(frames + frame(TEXT, _LAST[dialect]))
        return await it.close_code()
