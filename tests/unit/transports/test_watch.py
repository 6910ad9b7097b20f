"""What the clock alone brings about, with a clock of our own."""

from __future__ import annotations

import pytest

from streaming.errors import IdleTimeout
from streaming.events import Event, Warned, WarningCode
from streaming.limits import ConnectionGuard, ConnectionLimits
from streaming.options import SessionConfig
from streaming.session import Session
from streaming.transports.codec import Ack, Notice
from streaming.transports.watch import Watch
from streaming.vad import VadConfig, VadMode
from tests.protocol.sounds import spoken

LIMITS = ConnectionLimits(
    max_message_bytes=1_024,
    max_session_ms=60_000,
    max_idle_ms=5_000,
    max_backlog_ms=60_000,
    max_rate=2.0,
    burst_ms=60_000,
    max_bytes_per_s=100_000,
    burst_bytes=1_000_000,
)


def watch(now: float = 0.0) -> tuple[Watch, ConnectionGuard]:
    guard = ConnectionGuard(LIMITS, now)
    return Watch(guard, 2_000, now), guard


def session() -> Session:
    return Session(SessionConfig(language="en"), vad=VadConfig(mode=VadMode.WEBRTC))


def look(it: Watch, at: Session | None, now: float) -> list[Notice]:
    return list(it.look(at, now))


def test_a_client_that_never_starts_is_let_go() -> None:
    it, _ = watch(100.0)
    assert look(it, None, 102.0) == []
    with pytest.raises(IdleTimeout, match="2000 ms"):
        look(it, None, 102.1)


def test_a_session_that_sends_nothing_is_idle() -> None:
    it, guard = watch()
    one = session()
    assert look(it, one, 4.9) == []
    guard.message(1, 4.9)
    assert look(it, one, 9.8) == []
    with pytest.raises(IdleTimeout, match="5000"):
        look(it, one, 9.9)


def test_who_has_said_end_may_wait_for_the_answers() -> None:
    it, _ = watch()
    one = session()
    one.receive_audio(spoken(800))
    assert not any(type(event).__name__ == "Ended" for event in one.end())
    assert look(it, one, 1_000.0) == [Ack(800, 0)]


def test_acks_come_when_something_has_changed() -> None:
    it, guard = watch()
    one = session()
    assert look(it, one, 1.0) == []
    one.receive_audio(bytes(32_000))
    first = look(it, one, 2.0)
    assert first == [Ack(1_000, one.decoded_ms)]
    assert look(it, one, 3.0) == []
    guard.message(1, 4.0)
    one.receive_audio(bytes(320))
    assert look(it, one, 4.0) == [Ack(1_010, one.decoded_ms)]


def test_nothing_is_told_after_the_end() -> None:
    it, _ = watch()
    one = session()
    one.receive_audio(bytes(32_000))
    one.end()
    assert look(it, one, 1_000.0) == []


def test_partials_that_fall_behind_are_told_now_and_then() -> None:
    it, guard = watch()
    one = session()
    one.receive_audio(spoken(3_500))  # and no engine asks for any of it

    def told(now: float) -> list[Notice | Event]:
        guard.message(1, now)
        return [notice for notice in look(it, one, now) if isinstance(notice, Warned)]

    (warning,) = told(1.0)
    assert isinstance(warning, Warned)
    assert warning.code is WarningCode.SLOW_PARTIALS
    assert dict(warning.detail) == {"behind_ms": 3_500}
    assert told(2.0) == []
    assert len(told(31.0)) == 1
