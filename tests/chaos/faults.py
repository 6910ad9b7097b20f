"""Faults of everything around a session, while somebody speaks who must not lose a word."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from tests.chaos.cuts import roomy
from tests.chaos.speaker import Manner, Talk, talk
from tests.chaos.trial import Effort, Outcome
from tests.chaos.victim import Victim, victim
from tests.integration.harness import client
from tests.integration.process import ROOT
from tests.support.frames import raw
from tests.support.marked import marked
from tests.support.proxy import proxy

_MANNER = Manner(utterances=5, speed=20.0)
_STUCK = {"WIRESCRIBE_ENGINE__STUCK_S": "1.0"}
_SURVIVED = ("raise", "oom", "short", "long", "none", "slow", "die", "stall")
Fault = Callable[[Victim, Outcome, random.Random], Awaitable[None]]


async def faults(effort: Effort) -> Outcome:
    """Each fault several times, each time beside somebody who speaks."""
    rounds = effort.of(5)
    outcome = Outcome("faults", "")
    async with victim(settings={**roomy(), **_STUCK}) as server:
        await server.serves()
        for fault in _ALL:
            for number in range(rounds):
                await _try(fault, server, random.Random(f"{effort.seed}/{number}"), outcome)
    alone = (too_many_files, killed, nobody_reads_the_log, no_room_for_keys)
    for each in alone:
        await each(outcome, random.Random(effort.seed))
    names = [fault.__name__ for fault in (*_ALL, *alone)]
    outcome.tried = f"{len(names)} faults while somebody speaks, most of them {rounds} times"
    outcome.happened = ", ".join(name.replace("_", " ") for name in names)
    outcome.holds = "no word lost, and served on, after each"
    return outcome


async def _try(fault: Fault, server: Victim, dice: random.Random, outcome: Outcome) -> None:
    before = await server.held()
    try:
        async with asyncio.timeout(90):
            await fault(server, outcome, dice)
            await server.strike("")
            await server.serves()
        # An engine that was given up keeps its thread until it returns.
        await server.settled(before, memory_mib=32.0)
    except Exception as error:
        outcome.expect(False, f"{fault.__name__}: {type(error).__name__}: {error}")


def _judge(outcome: Outcome, name: str, result: Talk) -> None:
    for each in result.faults():
        outcome.expect(False, f"{name}: {each}")


async def engine_fails_now_and_then(server: Victim, outcome: Outcome, dice: random.Random) -> None:
    """One batch in between goes wrong, in three of all ways: it is decoded again."""
    for kind in dice.sample(_SURVIVED, 3):
        speaking = asyncio.create_task(talk(server.url, _MANNER, dice.randrange(10**6), dice))
        await asyncio.sleep(dice.uniform(0.0, 0.3))
        await server.strike(kind, count=1, seconds=3.0 if kind == "stall" else 0.4)
        _judge(outcome, f"engine: {kind}", await speaking)
        await server.strike("")


async def engine_fails_for_good(server: Victim, outcome: Outcome, dice: random.Random) -> None:
    """Every batch fails: the session is told so, in time, and the next one works."""
    async with client(server.url + "?language=en") as it:
        await it.until("started")
        await server.strike("raise", count=10**6)
        await it.send(marked(range(3), silent_ms=900))
        async with asyncio.timeout(30):
            code = await it.rest()
        last = it.transcript.events[-1]
        outcome.expect(last.get("code") == "engine_fault" and code == 1011, f"told {last}, {code}")


async def engine_talks_rubbish(server: Victim, outcome: Outcome, dice: random.Random) -> None:
    """Whatever an engine says, a client gets messages of the protocol, and an end."""
    async with client(server.url + "?language=en") as it:
        await it.until("started")
        await server.strike("rubbish", count=20)
        with contextlib.suppress(ConnectionClosed):
            for _ in range(4):
                await it.send(marked(range(4), silent_ms=900))
                await asyncio.sleep(0.05)
            await it.say("end")
        async with asyncio.timeout(30):
            code = await it.rest()
        outcome.expect(code in (1000, 1011), f"rubbish: closed with {code}")


async def frozen(server: Victim, outcome: Outcome, dice: random.Random) -> None:
    """The process is stopped for a while, as by a debugger or a swapping machine."""
    speaking = asyncio.create_task(talk(server.url, _MANNER, dice.randrange(10**6), dice))
    await asyncio.sleep(dice.uniform(0.0, 0.5))
    server.signal(signal.SIGSTOP)
    await asyncio.sleep(dice.uniform(0.2, 1.5))
    server.signal(signal.SIGCONT)
    _judge(outcome, "SIGSTOP", await speaking)


async def clock_jumps(server: Victim, outcome: Outcome, dice: random.Random) -> None:
    """The wall clock is set, forwards and back: nothing that runs goes by it."""
    speaking = asyncio.create_task(talk(server.url, _MANNER, dice.randrange(10**6), dice))
    for seconds in (86_400, -86_400, 3_600 * 24 * 365, 0):
        await asyncio.sleep(0.1)
        await server.jump(seconds)
    _judge(outcome, "clock", await speaking)


async def network_stalls(server: Victim, outcome: Outcome, dice: random.Random) -> None:
    """Nothing passes for a while, then everything; and half-open: one side never hears of it."""
    async with proxy(server.port) as network:
        speaking = asyncio.create_task(talk(network.url, _MANNER, dice.randrange(10**6), dice))
        for _ in range(3):
            await asyncio.sleep(dice.uniform(0.0, 0.3))
            for pipe in list(network.pipes):
                pipe.stall()
                await asyncio.sleep(dice.uniform(0.0, 0.4))
                pipe.resume() if dice.random() < 0.6 else pipe.cut()
        _judge(outcome, "stall", await speaking)


_ALL: list[Fault] = [
    engine_fails_now_and_then, engine_fails_for_good, engine_talks_rubbish, frozen, clock_jumps,
    network_stalls,
]  # fmt: skip


async def too_many_files(outcome: Outcome, dice: random.Random) -> None:
    """The process may open no more files: who is there speaks on, and later others may come."""
    async with victim(limit_files=64, settings=roomy()) as server:
        await server.serves()
        before = await server.held()
        speaking = asyncio.create_task(
            talk(server.url, Manner(utterances=6, speed=8.0), dice.randrange(10**6), dice)
        )
        await asyncio.sleep(0.3)
        lines = len(server.lines)
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(150):
                await stack.enter_async_context(raw(server.port))
            await asyncio.sleep(1)
            outcome.expect(server.files() >= 60, "the files did not run out")
        _judge(outcome, "EMFILE", await speaking)
        logged = len(server.lines) - lines
        outcome.expect(logged < 50, f"EMFILE: {logged} lines of log in a second")
        try:
            async with asyncio.timeout(20):
                while True:
                    with contextlib.suppress(OSError, AssertionError, TimeoutError):
                        await server.serves()
                        break
                    await asyncio.sleep(0.1)
            await server.settled(before)
        except (AssertionError, TimeoutError) as error:
            outcome.expect(False, f"EMFILE: {error!r}")


async def killed(outcome: Outcome, dice: random.Random) -> None:
    """An instance is gone without a word: the client begins anew at the other one."""
    async with victim(settings=roomy()) as first, victim(settings=roomy()) as second:
        async with proxy(first.port) as network:
            speaking = [
                asyncio.create_task(
                    talk(network.url, Manner(utterances=6, speed=10.0), n * 10**5, dice)
                )
                for n in range(4)
            ]
            await asyncio.sleep(dice.uniform(0.5, 1.0))
            network.target = second.port
            first.process.kill()
            results = await asyncio.gather(*speaking)
        for result in results:
            _judge(outcome, "SIGKILL", result)
        outcome.expect(all(result.begun_anew for result in results), "SIGKILL: nobody noticed")
        second.assert_no_defects()


async def nobody_reads_the_log(outcome: Outcome, dice: random.Random) -> None:
    """Whoever took the log has gone; on the disk it would go to there is no room."""
    async with victim(settings=roomy()) as server:
        server.hang_up_the_log()
        result = await talk(server.url, _MANNER, dice.randrange(10**6), dice)
        _judge(outcome, "log without reader", result)
        async with client(server.url) as it:
            await it.send(json.dumps({"type": "nonsense"}))
            await it.refused("bad_message")
        await server.serves()


async def no_room_for_keys(outcome: Outcome, dice: random.Random) -> None:
    """A key is to be made where nothing can be written: it says so, and what was there stays."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "keys.json"
        outcome.expect((await _make_key(file, "one"))[0] == 0, "no key could be made")
        before = file.read_bytes()
        status, said = await _make_key(file, "two", file_blocks=0)
        outcome.expect(status == 1, f"no room for keys: status {status}")
        outcome.expect("can't be written" in said and len(said.splitlines()) == 1, said)
        outcome.expect(file.read_bytes() == before, "the keys that there were are gone")


async def _make_key(file: Path, name: str, *, file_blocks: int | None = None) -> tuple[int, str]:
    limit = "" if file_blocks is None else f"ulimit -f {file_blocks}; "
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", f'{limit}exec "$@"', "sh",
        sys.executable, "-m", "streaming.cli", "keys", "create", name,
        cwd=ROOT,
        env={**os.environ, "WIRESCRIBE_AUTH__KEYS_FILE": str(file)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()
