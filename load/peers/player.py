"""Plays one programme into a session of a peer and keeps what its user would have seen."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from load.clock import Clock
from load.peers.dialect import Dialect, Refused
from load.peers.display import Display, Played
from load.schedule import Schedule
from load.trace import Failure
from load.wire import WireFormat

_MOST_MESSAGE_BYTES = 16 * 1024 * 1024
_CLOSE_S = 5.0
_LOOK_S = 0.25
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a message raises that hasn't the form that it should have."""


@dataclass(frozen=True, slots=True)
class PeerSession:
    """What to play: 16-bit samples, their timetable and how long each step may take."""

    audio: bytes = field(repr=False)
    format: WireFormat
    schedule: Schedule
    ready_s: float = 60.0
    """From connecting to the server's readiness."""
    drain_s: float = 60.0
    """How long after the last chunk the session may take to end."""
    until_text: bool = False
    """Whether to wait for a first text, and no longer: that is how a server is warmed up."""


@dataclass(slots=True)
class _Record:
    """What is known so far; it survives a failure of either direction."""

    displays: list[Display] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)
    sent_bytes: int = 0
    end_sent_at_s: float | None = None
    close_code: int | None = None
    failure: Failure | None = None
    changed_s: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)


async def play_peer(url: str, dialect: Dialect, session: PeerSession, clock: Clock) -> Played:
    """Runs a session to its end; a failure is part of what was played, never raised.

    ``url`` is the server's address without a path.
    """
    record = _Record()
    try:
        async with connect(
            url + dialect.path,
            proxy=None,
            compression=None,
            ping_interval=None,
            max_size=_MOST_MESSAGE_BYTES,
            open_timeout=session.ready_s,
            close_timeout=_CLOSE_S,
        ) as socket:
            await _converse(socket, dialect, session, record, clock)
        record.close_code = socket.close_code
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
        record.failure = record.failure or Failure("connection_failed", str(error) or repr(error))
    rate = session.format.frame_bytes * session.format.sample_rate
    return Played(
        displays=tuple(record.displays),
        sent_s=record.sent_bytes / rate,
        sent_bytes=record.sent_bytes,
        end_sent_at_s=record.end_sent_at_s,
        lateness_s=tuple(record.lateness_s),
        close_code=record.close_code,
        failure=record.failure,
        speed=session.schedule.speed,
    )


async def _converse(
    socket: ClientConnection,
    dialect: Dialect,
    session: PeerSession,
    record: _Record,
    clock: Clock,
) -> None:
    try:
        async with asyncio.timeout(session.ready_s):
            if dialect.greeting is not None:
                await socket.send(dialect.greeting)
            while not dialect.is_ready(_parse(await socket.recv())):
                pass
    except (Refused, ConnectionClosed, TimeoutError, *_MALFORMED) as error:
        record.failure = _failure(error, "not_ready", f"not ready within {session.ready_s:g} s")
        return
    hearing = asyncio.create_task(_hear(socket, dialect, session, record, clock))
    try:
        await _send(socket, session, record, clock)
        async with asyncio.timeout(session.drain_s):
            await _be_patient(dialect, session, record, clock)
            if not hearing.done():
                await socket.send(dialect.farewell)
            await record.over.wait()
    except TimeoutError:
        record.failure = Failure("drain_timeout", f"no end within {session.drain_s:g} s")
    except ConnectionClosed as error:
        # The reader has said why, if it knows better.
        await record.over.wait()
        record.failure = record.failure or _failure(error, "connection_lost", "")
    finally:
        hearing.cancel()
        await asyncio.wait([hearing])


async def _send(
    socket: ClientConnection, session: PeerSession, record: _Record, clock: Clock
) -> None:
    width = session.format.frame_bytes
    audio = memoryview(session.audio)
    for chunk in session.schedule.chunks():
        await clock.sleep_until(chunk.due_s)
        record.lateness_s.append(clock.now() - chunk.due_s)
        part = audio[chunk.first * width : chunk.end * width]
        await socket.send(bytes(part))
        record.sent_bytes += len(part)
    record.end_sent_at_s = record.changed_s = clock.now() - session.schedule.begin_s


async def _be_patient(
    dialect: Dialect, session: PeerSession, record: _Record, clock: Clock
) -> None:
    """Waits until no new text has come for a while; not at all where the server says its end."""
    while not record.over.is_set():
        if session.until_text:
            if any(display.text for display in record.displays):
                return
            await clock.sleep_until(clock.now() + _LOOK_S)
            continue
        now_s = clock.now() - session.schedule.begin_s
        left_s = record.changed_s + dialect.patience_s - now_s
        if left_s <= 0:
            return
        await clock.sleep_until(clock.now() + min(left_s, _LOOK_S))


async def _hear(
    socket: ClientConnection,
    dialect: Dialect,
    session: PeerSession,
    record: _Record,
    clock: Clock,
) -> None:
    try:
        async for raw in socket:
            at_s = clock.now() - session.schedule.begin_s
            message = _parse(raw)
            display = dialect.take(message, at_s)
            before = record.displays[-1] if record.displays else None
            if display is not None and not display.says_the_same(before):
                record.displays.append(display)
                record.changed_s = at_s
            if dialect.is_over(message):
                break
        else:
            if record.end_sent_at_s is None:
                lost = f"closed with {socket.close_code} before the end of the audio"
                record.failure = Failure("connection_lost", lost, socket.close_code)
    except (Refused, ConnectionClosed, *_MALFORMED) as error:
        record.failure = _failure(error, "bad_server_message", "")
    finally:
        record.over.set()


def _parse(raw: str | bytes) -> dict[str, object]:
    message = json.loads(raw)
    if not isinstance(message, dict):
        raise ValueError("not a JSON object")
    return message


def _failure(error: Exception, code: str, text: str) -> Failure:
    if isinstance(error, Refused):
        return Failure("refused", str(error))
    if isinstance(error, ConnectionClosed):
        frame = error.rcvd
        return Failure("connection_lost", str(error), None if frame is None else frame.code)
    return Failure(code, text or f"{type(error).__name__}: {error}")
