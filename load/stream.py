"""Plays one programme into one session and records what comes back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from load.clock import Clock
from load.hearing import conclude, is_started
from load.schedule import Schedule
from load.socket import Socket, open_socket
from load.trace import Asked, Failure, Trace
from load.wire import Bytes, WireFormat
from streaming.client import ConnectError
from streaming.client.address import stream_url
from streaming.client.options import Options
from streaming.client.protocol import build_end, build_finalize, build_start

_SLOW_BUFFER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Deafness:
    """A client that stops reading at ``from_s`` of its stream for ``for_s``; ``None``: for good.

    One that stops for good reads on when its own stream is over, to learn what became of it.
    """

    from_s: float
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What to play where: encoded audio, its timetable and the session's options.

    Audio shorter than the timetable is played over and over.
    """

    url: str
    audio: bytes = field(repr=False)
    format: WireFormat
    schedule: Schedule
    options: Options
    drain_s: float = 60.0
    """How long after the last chunk the session may take to end."""
    deaf: Deafness | None = None
    connect_timeout_s: float = 10.0


@dataclass(slots=True)
class _Recorder:
    """What is known so far; it survives a failure of either direction."""

    lateness_s: list[float] = field(default_factory=list)
    finalizes: list[Asked] = field(default_factory=list)
    sent_bytes: int = 0
    end_sent_at_s: float | None = None
    connected_s: float | None = None
    failure: Failure | None = None


async def play(session: Session, clock: Clock) -> Trace:
    """Runs a session to its end; a failure is part of the trace, never raised."""
    schedule, record = session.schedule, _Recorder()
    socket: Socket | None = None
    try:
        socket = await _converse(session, record, clock)
    except ConnectError as error:
        status = error.http_status
        code = error.code if status is None else f"http_{status}"
        record.failure = Failure(code, str(error), error.close_code)
    rate = session.format.frame_bytes * session.format.sample_rate
    heard, failure, close_code = (
        ((), record.failure, None)
        if socket is None
        else conclude(socket, schedule.begin_s, record.failure)
    )
    return Trace(
        heard=heard,
        sent_bytes=record.sent_bytes,
        sent_s=record.sent_bytes / rate,
        end_sent_at_s=record.end_sent_at_s,
        lateness_s=tuple(record.lateness_s),
        close_code=close_code,
        failure=failure,
        speed=schedule.speed,
        pauses=tuple((cut.frame / schedule.sample_rate, cut.pause_s) for cut in schedule.cuts),
        finalizes=tuple(record.finalizes),
        begin_s=schedule.begin_s,
        connected_s=record.connected_s,
        most_unsent_s=0.0 if socket is None else round(socket.most_unsent_bytes / rate, 3),
    )


async def _converse(session: Session, record: _Recorder, clock: Clock) -> Socket:
    """From the handshake to the close; leaves no open socket behind."""
    begun = clock.now()
    socket = await open_socket(
        stream_url(session.url),
        clock.now,
        timeout_s=session.connect_timeout_s,
        receive_buffer_bytes=None if session.deaf is None else _SLOW_BUFFER_BYTES,
    )
    try:
        socket.send_text(build_start(session.options))
        async with asyncio.timeout(session.connect_timeout_s):
            while not socket.closed.done() and not is_started(socket.texts):
                socket.spoke.clear()
                await socket.spoke.wait()
        if not socket.closed.done():
            record.connected_s = clock.now() - begun
            await _play(session, socket, record, clock)
        async with asyncio.timeout(session.drain_s):
            await socket.closed
    except TimeoutError:
        if record.connected_s is None:
            said = f"no answer to start within {session.connect_timeout_s:g} s"
            record.failure = Failure("start_timeout", said)
        else:
            record.failure = Failure("drain_timeout", f"no end within {session.drain_s:g} s")
    finally:
        socket.abort()
        await asyncio.wait([socket.closed])
    return socket


async def _play(session: Session, socket: Socket, record: _Recorder, clock: Clock) -> None:
    deaf = None
    if session.deaf is not None:
        deaf = asyncio.create_task(_be_deaf(session, session.deaf, socket, clock))
    try:
        await _send(session, socket, record, clock)
    finally:
        if deaf is not None:
            deaf.cancel()
            await asyncio.wait([deaf])
            socket.resume()


async def _send(session: Session, socket: Socket, record: _Recorder, clock: Clock) -> None:
    width = session.format.frame_bytes
    lateness = record.lateness_s
    for chunk in session.schedule.chunks():
        await clock.sleep_until(chunk.due_s)
        if socket.is_closing:
            return
        lateness.append(clock.now() - chunk.due_s)
        part = _stretch(session.audio, chunk.first * width, chunk.end * width)
        socket.send_audio(part)
        record.sent_bytes += len(part)
        if chunk.finalize:
            asked = str(len(record.finalizes) + 1)
            at_s = clock.now() - session.schedule.begin_s
            stream_s = chunk.end / session.schedule.sample_rate
            record.finalizes.append(Asked(asked, at_s, stream_s))
            socket.send_text(build_finalize(asked))
    record.end_sent_at_s = clock.now() - session.schedule.begin_s
    socket.send_text(build_end())


async def _be_deaf(session: Session, deaf: Deafness, socket: Socket, clock: Clock) -> None:
    await clock.sleep_until(session.schedule.instant(deaf.from_s))
    socket.pause()
    if deaf.for_s is not None:
        await clock.sleep_until(session.schedule.instant(deaf.from_s) + deaf.for_s)
        socket.resume()


def _stretch(audio: bytes, begin: int, end: int) -> Bytes:
    """Bytes of the audio as if it went on and on."""
    size = len(audio)
    if end <= size:
        return memoryview(audio)[begin:end]
    first, last = begin % size, (end - 1) % size + 1
    if end - begin <= size and first < last:
        return memoryview(audio)[first:last]
    laps = -(-(first + end - begin) // size)
    return (audio * laps)[first : first + end - begin]
