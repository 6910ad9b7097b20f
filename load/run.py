"""One run: programmes played at a server on this machine, scored and summed up."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import ProxyHandler, build_opener

from load.clock import Clock, MonotonicClock
from load.process import Usage, listener, usage
from load.programme import Programme
from load.schedule import Schedule, phases
from load.score import StreamScore, score
from load.stream import Session, play
from load.summary import Summary, summarise
from streaming.client.address import is_loopback, stream_url
from streaming.client.options import Options

_LEAD_S = 1.0
"""Time to connect before a stream's time 0."""


class RunError(ValueError):
    """A run that can't be made as asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play at which server, and how."""

    url: str
    programmes: tuple[Programme, ...]
    options: Options
    at_once: int
    chunk_ms: float = 100.0
    speed: float = 1.0
    phase_s: float = 1.0
    seed: int = 1
    drain_s: float = 60.0
    server_pid: int | None = None
    language: str | None = None
    """Said to the server instead of each programme's own."""

    def __post_init__(self) -> None:
        if not is_loopback(stream_url(self.url)):
            raise RunError(f"url {self.url!r}: only a server on this machine is measured")
        if self.at_once < 1:
            raise RunError(f"{self.at_once} streams: at least 1")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run."""

    server: dict[str, Any] | None
    """The server's own words at ``/health``."""
    scores: tuple[StreamScore, ...]
    summary: Summary
    harness_cpu_s: float


def execute(plan: Plan, clock: Clock | None = None) -> Result:
    """Runs the plan to its end; failures of sessions are part of the result."""
    pid = plan.server_pid or listener(urlsplit(plan.url).port or 80)
    health = server_health(plan.url)
    payloads = [programme.format.encode(programme.samples) for programme in plan.programmes]
    before = _usage(pid)
    cpu_before = sum(os.times()[:2])
    scores = asyncio.run(_play_all(plan, payloads, clock or MonotonicClock()))
    harness_cpu_s = sum(os.times()[:2]) - cpu_before
    after = _usage(pid)
    return Result(health, tuple(scores), summarise(scores, before, after), harness_cpu_s)


async def _play_all(plan: Plan, payloads: Sequence[bytes], clock: Clock) -> list[StreamScore]:
    """Plays every programme, ``at_once`` at a time; whoever is done takes the next."""
    waiting = list(enumerate(zip(plan.programmes, payloads, strict=True)))[::-1]
    scores: dict[int, StreamScore] = {}
    first_s = clock.now() + _LEAD_S

    async def take_turns(phase_s: float) -> None:
        begin_s = first_s + phase_s
        while waiting:
            index, (programme, payload) = waiting.pop()
            trace = await play(_session(plan, programme, payload, begin_s), clock)
            # Scored when all is over: scoring costs time that the other streams need.
            traces[index] = (programme, trace)
            begin_s = clock.now() + _LEAD_S / 4

    traces: dict[int, Any] = {}
    workers = min(plan.at_once, len(plan.programmes))
    await asyncio.gather(*map(take_turns, phases(workers, plan.phase_s, plan.seed)))
    for index, (programme, trace) in sorted(traces.items()):
        scores[index] = score(programme, trace)
    return list(scores.values())


def _session(plan: Plan, programme: Programme, payload: bytes, begin_s: float) -> Session:
    rate = programme.format.sample_rate
    return Session(
        url=plan.url,
        audio=payload,
        format=programme.format,
        schedule=Schedule(
            begin_s=begin_s,
            frames=programme.samples.shape[1],
            sample_rate=rate,
            chunk_frames=max(1, round(plan.chunk_ms * rate / 1000)),
            speed=plan.speed,
        ),
        options=replace(
            plan.options,
            encoding=programme.format.encoding,
            sample_rate=rate,
            channels=programme.format.channels,
            language=plan.language or programme.language,
        ),
        drain_s=plan.drain_s,
    )


def server_health(url: str) -> dict[str, Any] | None:
    """``/health`` of the stream's server; ``None`` without an answer."""
    parts = urlsplit(stream_url(url))
    scheme = "https" if parts.scheme == "wss" else "http"
    address = urlunsplit((scheme, parts.netloc, "/health", "", ""))
    try:
        # No proxy: the server is on this machine.
        with build_opener(ProxyHandler({})).open(address, timeout=5) as answer:
            said = json.load(answer)
    except (URLError, ValueError, OSError):
        return None
    return said if isinstance(said, dict) else None


def _usage(pid: int | None) -> Usage | None:
    return None if pid is None else usage(pid)
