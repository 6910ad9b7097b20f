"""Plays one programme into one session and records what comes back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from load.clock import Clock
from load.schedule import Schedule
from load.trace import Failure, Heard, Trace
from load.wire import WireFormat
from streaming.client import ClientError, ConnectError, Stream, connect
from streaming.client.options import Options


@dataclass(frozen=True, slots=True)
class Session:
    """What to play where: encoded audio, its timetable and the session's options."""

    url: str
    audio: bytes = field(repr=False)
    format: WireFormat
    schedule: Schedule
    options: Options
    drain_s: float = 60.0
    """How long after the last chunk the session may take to end."""


@dataclass(slots=True)
class _Recorder:
    """What is known so far; it survives a failure of either direction."""

    begin_s: float
    heard: list[Heard] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)
    sent_bytes: int = 0
    end_sent_at_s: float | None = None
    close_code: int | None = None
    failure: Failure | None = None


async def play(session: Session, clock: Clock) -> Trace:
    """Runs a session to its end; a failure is part of the trace, never raised."""
    schedule = session.schedule
    record = _Recorder(schedule.begin_s)
    try:
        async with connect(session.url, **_wishes(session.options)) as stream:
            receiving = asyncio.create_task(_receive(stream, record, clock))
            try:
                # A failed send is not the end: the reader has what was said before, and why.
                with suppress(ClientError):
                    await _send(session, stream, record, clock)
                async with asyncio.timeout(session.drain_s):
                    await receiving
            finally:
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)
                record.close_code = stream.close_code
    except TimeoutError:
        record.failure = Failure("drain_timeout", f"no end within {session.drain_s:g} s")
    except ClientError as error:
        record.failure = Failure(_failure_code(error), str(error), error.close_code)
        record.close_code = error.close_code
    return Trace(
        heard=tuple(record.heard),
        sent_bytes=record.sent_bytes,
        sent_s=record.sent_bytes / session.format.frame_bytes / session.format.sample_rate,
        end_sent_at_s=record.end_sent_at_s,
        lateness_s=tuple(record.lateness_s),
        close_code=record.close_code,
        failure=record.failure,
        speed=schedule.speed,
    )


async def _send(session: Session, stream: Stream, record: _Recorder, clock: Clock) -> None:
    width = session.format.frame_bytes
    audio = memoryview(session.audio)
    for chunk in session.schedule.chunks():
        await clock.sleep_until(chunk.due_s)
        record.lateness_s.append(clock.now() - chunk.due_s)
        part = audio[chunk.first * width : chunk.end * width]
        await stream.send(part)
        record.sent_bytes += len(part)
    record.end_sent_at_s = clock.now() - record.begin_s
    await stream.end()


async def _receive(stream: Stream, record: _Recorder, clock: Clock) -> None:
    async for event in stream:
        record.heard.append(Heard(clock.now() - record.begin_s, event))


def _failure_code(error: ClientError) -> str:
    if isinstance(error, ConnectError) and error.http_status is not None:
        return f"http_{error.http_status}"
    return error.code


def _wishes(options: Options) -> dict[str, Any]:
    return {name: getattr(options, name) for name in Options.__dataclass_fields__}
