"""A storm of handshakes: connections on a timetable, and what became of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from load.clock import Clock
from load.hearing import conclude, is_started
from load.sections import Storm
from load.socket import open_socket
from load.spread import Spread, spread
from streaming.client import ConnectError
from streaming.client.address import stream_url
from streaming.client.options import Options
from streaming.client.protocol import build_end, build_start

POLITE = frozenset({"overloaded", "quota_exceeded", "restarting", "http_503", "http_429"})
"""Refusals that tell the client what it needs to know."""

_ANSWER_S = 20.0


@dataclass(frozen=True, slots=True)
class Knock:
    """One connection of the storm. ``answer_s``: from its due moment to the server's answer."""

    outcome: str
    """``accepted``, ``refused`` (politely) or ``failed``."""
    code: str
    answer_s: float
    late_s: float


@dataclass(frozen=True, slots=True)
class StormReport:
    """What became of a storm's connections."""

    begin_s: float
    end_s: float
    """Both after the streams' first moment."""
    attempted: int
    accepted: int
    refused: int
    failed: int
    codes: dict[str, int]
    accept_s: Spread | None
    refuse_s: Spread | None
    lateness: Spread | None


async def storm(
    url: str, wanted: Storm, options: Options, begin_s: float, clock: Clock
) -> list[Knock]:
    """Lets it loose at ``begin_s`` on the clock; every connection is seen to its end."""
    count = max(1, round(wanted.per_s * wanted.seconds))
    dues = [begin_s + number / wanted.per_s for number in range(count)]
    knocks = [_knock(url, options, wanted.hold_s, due_s, clock) for due_s in dues]
    return await asyncio.gather(*knocks)


async def _knock(url: str, options: Options, hold_s: float, due_s: float, clock: Clock) -> Knock:
    await clock.sleep_until(due_s)
    late_s = clock.now() - due_s
    code, answered_s, socket = "", None, None
    try:
        socket = await open_socket(stream_url(url), clock.now, timeout_s=_ANSWER_S)
        socket.send_text(build_start(options))
        async with asyncio.timeout(_ANSWER_S):
            while not socket.closed.done() and not is_started(socket.texts):
                socket.spoke.clear()
                await socket.spoke.wait()
        answered_s = clock.now()
        if not socket.closed.done():
            await clock.sleep_until(answered_s + hold_s)
            socket.send_text(build_end())
            async with asyncio.timeout(_ANSWER_S):
                await socket.closed
    except ConnectError as error:
        code = error.code if error.http_status is None else f"http_{error.http_status}"
    except TimeoutError:
        code = "timeout"
    finally:
        if socket is not None:
            socket.abort()
            await asyncio.wait([socket.closed])
    if socket is not None and not code:
        _, failure, _ = conclude(socket, 0.0, None)
        code = "" if failure is None else failure.code
    outcome = "accepted" if not code else "refused" if code in POLITE else "failed"
    now = clock.now() if answered_s is None else answered_s
    return Knock(outcome, code, now - due_s, late_s)


def sum_up(knocks: Sequence[Knock], wanted: Storm) -> StormReport:
    """The storm in one table."""
    outcomes = Counter(knock.outcome for knock in knocks)
    return StormReport(
        begin_s=wanted.begin_s,
        end_s=wanted.begin_s + wanted.seconds + wanted.hold_s,
        attempted=len(knocks),
        accepted=outcomes["accepted"],
        refused=outcomes["refused"],
        failed=outcomes["failed"],
        codes=dict(Counter(knock.code for knock in knocks if knock.code).most_common()),
        accept_s=spread(k.answer_s for k in knocks if k.outcome == "accepted"),
        refuse_s=spread(k.answer_s for k in knocks if k.outcome == "refused"),
        lateness=spread(knock.late_s for knock in knocks),
    )
