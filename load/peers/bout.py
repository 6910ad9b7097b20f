"""One bout: a server is started, warmed up, played to by so many streams at once, and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from load.clock import Clock
from load.peers.contender import Contender, Part
from load.peers.display import Played
from load.peers.figures import Cost, SessionFigures, cost_between, figures_of
from load.peers.server import Running, ServerFailed, serving
from load.process import Usage, usage
from load.programme import Programme
from load.schedule import Schedule, phases

_LEAD_S = 2.0
"""Time to connect before a stream's time 0."""
_LOOK_S = 0.5
_WARM_UP_S = 4.0
_MOST_WARM_UP_S = 60.0
_MOST_SETTLING_S = 30.0
_RESTING_SHARE = 0.1
"""Of one CPU."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the audio is handed over and how long a session may take to end."""

    chunk_ms: float = 100.0
    speed: float = 1.0
    phase_s: float = 1.0
    seed: int = 1
    drain_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Bout:
    """What came of it; a server that didn't come up has a ``failure`` and no sessions."""

    sessions: tuple[SessionFigures, ...] = ()
    texts: tuple[str, ...] = ()
    cost: Cost | None = None
    started_s: float | None = None
    warm_up: str | None = None
    """Why the session that warms the server up failed, if it did."""
    failure: str | None = None


def fight(
    contender: Contender,
    programmes: Sequence[Programme],
    *,
    python: Path,
    model_dir: Path,
    pace: Pace,
    clock: Clock,
) -> Bout:
    """Plays every programme at once to a server of its own; nothing that it does is raised."""
    payloads = [programme.format.encode(programme.samples) for programme in programmes]
    try:
        with serving(contender.launch(python, model_dir)) as server:
            play = _play_all(contender, server, programmes, payloads, pace, clock)
            played, cost, warm_up = asyncio.run(play)
            started_s = server.started_s
    except (ServerFailed, OSError) as error:
        return Bout(failure=str(error))
    # Scored when the server is gone: scoring costs time.
    return Bout(
        sessions=tuple(
            figures_of(programme, one, tells_final=contender.tells_final)
            for programme, one in zip(programmes, played, strict=True)
        ),
        texts=tuple(one.displays[-1].text if one.displays else "" for one in played),
        cost=cost,
        started_s=started_s,
        warm_up=None if warm_up.failure is None else warm_up.failure.message,
    )


async def _play_all(
    contender: Contender,
    server: Running,
    programmes: Sequence[Programme],
    payloads: Sequence[bytes],
    pace: Pace,
    clock: Clock,
) -> tuple[list[Played], Cost | None, Played]:
    part = _warm_up(programmes[0], payloads[0], pace, clock)
    warm_up = await contender.play(server.url, part, clock)
    await _settle(server.pid, clock)
    before = usage(server.pid)
    samples: list[tuple[float, Usage]] = []
    watching = asyncio.create_task(_watch(server.pid, samples, clock))
    first_s = clock.now() + _LEAD_S
    begins = [first_s + late for late in phases(len(programmes), pace.phase_s, pace.seed)]
    try:
        played = await asyncio.gather(
            *(
                contender.play(server.url, _part(programme, payload, begin_s, pace), clock)
                for programme, payload, begin_s in zip(programmes, payloads, begins, strict=True)
            )
        )
    finally:
        watching.cancel()
        await asyncio.wait([watching])
    last = usage(server.pid)
    if last is not None:
        samples.append((clock.now(), last))
    done_s = max(
        begin_s + max(one.last_change_s or 0.0, one.end_sent_at_s or 0.0)
        for one, begin_s in zip(played, begins, strict=True)
    )
    # What a server does after its last new text, while a client waits for more, isn't counted.
    after = next((one for at_s, one in samples if at_s >= done_s), None)
    return played, cost_between(before, after, sum(one.sent_s for one in played)), warm_up


async def _settle(pid: int, clock: Clock) -> None:
    """Waits until the server rests: some decode on for a while when a client has gone."""
    last_s = clock.now() + _MOST_SETTLING_S
    before = usage(pid)
    while before is not None and clock.now() < last_s:
        await clock.sleep_until(clock.now() + _LOOK_S)
        after = usage(pid)
        if after is None or after.cpu_s - before.cpu_s < _RESTING_SHARE * _LOOK_S:
            return
        before = after


async def _watch(pid: int, samples: list[tuple[float, Usage]], clock: Clock) -> None:
    while True:
        await clock.sleep_until(clock.now() + _LOOK_S)
        found = usage(pid)
        if found is not None:
            samples.append((clock.now(), found))


def _part(programme: Programme, payload: bytes, begin_s: float, pace: Pace) -> Part:
    rate = programme.format.sample_rate
    schedule = Schedule(
        begin_s=begin_s,
        frames=programme.samples.shape[1],
        sample_rate=rate,
        chunk_frames=max(1, round(pace.chunk_ms * rate / 1000)),
        speed=pace.speed,
    )
    return Part(payload, programme.format, schedule, programme.language, pace.drain_s)


def _warm_up(programme: Programme, payload: bytes, pace: Pace, clock: Clock) -> Part:
    """The first seconds, so that every server has its model loaded and has decoded once."""
    whole = _part(programme, payload, clock.now() + _LEAD_S / 2, pace)
    frames = min(round(_WARM_UP_S * whole.format.sample_rate), whole.schedule.frames)
    return Part(
        audio=payload[: frames * whole.format.frame_bytes],
        format=whole.format,
        schedule=Schedule(
            whole.schedule.begin_s,
            frames,
            whole.schedule.sample_rate,
            whole.schedule.chunk_frames,
            pace.speed,
        ),
        language=whole.language,
        drain_s=min(_MOST_WARM_UP_S, pace.drain_s),
        warm_up=True,
    )
