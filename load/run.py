"""One run: programmes played at a server on this machine, scored and summed up."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from load.clock import Clock, MonotonicClock
from load.health import server_health
from load.layouts import looped
from load.metrics import Stages, read_metrics, stages_between
from load.process import Usage, Watch, listener
from load.programme import Programme
from load.sampler import Moment, Sampler
from load.schedule import Schedule, phases
from load.score import StreamScore, score
from load.sections import SlowReaders, Storm
from load.storm import Knock, StormReport, storm, sum_up
from load.stream import Deafness, Session, play
from load.summary import Summary, summarise
from load.trace import Trace
from streaming.client.address import is_loopback, stream_url
from streaming.client.options import Options

_LEAD_S = 1.0
"""Time to connect before a stream's time 0."""

_MOST_REOPENED = 20
"""How often one stream of a run that goes on after failures is begun again."""


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
    storm: Storm = field(default_factory=Storm)
    slow_readers: SlowReaders = field(default_factory=SlowReaders)
    sample_s: float = 1.0
    reopen: bool = False
    """Whether a session that failed is followed by another one for the rest of its programme."""

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
    """From the first handshake to the last event; scoring comes afterwards."""
    wall_s: float = 0.0
    moments: tuple[Moment, ...] = ()
    stages: Stages | None = None
    storm: StormReport | None = None


@dataclass(slots=True)
class _Played:
    """What a run leaves to be scored."""

    first_s: float
    traces: list[tuple[int, Programme, Trace, bool]] = field(default_factory=list)
    knocks: list[Knock] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)


def execute(
    plan: Plan, clock: Clock | None = None, *, on_moment: Callable[[Moment], None] | None = None
) -> Result:
    """Runs the plan to its end; failures of sessions are part of the result."""
    pid = plan.server_pid or listener(urlsplit(stream_url(plan.url)).port or 80)
    read: Callable[[], Usage | None] = (lambda: None) if pid is None else Watch(pid).usage
    health = server_health(plan.url)
    payloads = [programme.format.encode(programme.samples) for programme in plan.programmes]
    counted = read_metrics(plan.url)
    before, cpu_before, begun = read(), time.process_time(), time.monotonic()
    with _undisturbed():
        played = asyncio.run(_play_all(plan, payloads, clock or MonotonicClock(), read, on_moment))
    after, cpu_after, ended = read(), time.process_time(), time.monotonic()
    stages = stages_between(counted, read_metrics(plan.url))
    # Scored when all is over: scoring costs time that the streams and the server need.
    scores = [
        score(programme, trace, slow=slow, first_s=played.first_s)
        for _, programme, trace, slow in sorted(played.traces, key=lambda one: one[0])
    ]
    return Result(
        server=health,
        scores=tuple(scores),
        summary=summarise(scores, before, after),
        harness_cpu_s=round(cpu_after - cpu_before, 3),
        wall_s=round(ended - begun, 2),
        moments=tuple(played.moments),
        stages=stages,
        storm=sum_up(played.knocks, plan.storm) if played.knocks else None,
    )


async def _play_all(
    plan: Plan,
    payloads: Sequence[bytes],
    clock: Clock,
    read: Callable[[], Usage | None],
    on_moment: Callable[[Moment], None] | None,
) -> _Played:
    """Plays every programme, ``at_once`` at a time; whoever is done takes the next."""
    waiting = list(enumerate(zip(plan.programmes, payloads, strict=True)))[::-1]
    # On whole milliseconds, as the phases: streams that are due together share one wake-up.
    played = _Played(first_s=round(clock.now() + _LEAD_S, 3))
    workers = min(plan.at_once, len(plan.programmes))
    sampler = Sampler(
        read, clock, begin_s=played.first_s, every_s=plan.sample_s, on_moment=on_moment
    )

    async def take_turns(worker: int, phase_s: float) -> None:
        slow = worker >= workers - plan.slow_readers.streams
        begin_s = played.first_s + round(phase_s, 3)
        await clock.sleep_until(begin_s - _LEAD_S)
        while waiting:
            index, (programme, payload) = waiting.pop()
            for _ in range(_MOST_REOPENED):
                trace = await play(_session(plan, programme, payload, begin_s, slow), clock)
                played.traces.append((index, programme, trace, slow))
                begin_s = clock.now() + _LEAD_S / 4
                rest = _rest(programme, trace) if plan.reopen else None
                if rest is None:
                    break
                programme = rest
                begin_s += _LEAD_S

    async def break_loose() -> None:
        if plan.storm.per_s:
            begin_s = played.first_s + plan.storm.begin_s
            played.knocks = await storm(plan.url, plan.storm, plan.options, begin_s, clock)

    async with sampler.running():
        began = phases(workers, plan.phase_s, plan.seed)
        await asyncio.gather(break_loose(), *map(take_turns, range(workers), began))
    played.moments = sampler.moments
    return played


def _rest(programme: Programme, trace: Trace) -> Programme | None:
    """What a session that failed left unsaid; ``None`` where nothing did."""
    left_s = programme.duration_s - trace.sent_s
    return None if trace.failure is None or left_s < 1.0 else looped(programme, left_s)


def _session(
    plan: Plan, programme: Programme, payload: bytes, begin_s: float, slow: bool = False
) -> Session:
    rate = programme.format.sample_rate
    deaf = Deafness(plan.slow_readers.from_s, plan.slow_readers.for_s) if slow else None
    return Session(
        url=plan.url,
        audio=payload,
        format=programme.format,
        schedule=Schedule(
            begin_s=begin_s,
            frames=programme.frames,
            sample_rate=rate,
            chunk_frames=max(1, round(plan.chunk_ms * rate / 1000)),
            speed=plan.speed,
            cuts=programme.cuts,
        ),
        options=replace(
            plan.options,
            encoding=programme.format.encoding,
            sample_rate=rate,
            channels=programme.format.channels,
            language=plan.language or programme.language,
        ),
        drain_s=plan.drain_s,
        deaf=deaf,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection: it would stop every stream for as long as it takes."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


__all__ = ["Plan", "Result", "RunError", "execute", "server_health"]
