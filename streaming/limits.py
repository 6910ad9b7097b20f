"""Caps: who may do how much. No sockets and no clock; time is handed in, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from streaming.errors import (
    IdleTimeout,
    MessageTooBig,
    Overloaded,
    QuotaExceeded,
    SessionTooLong,
)

LEAST_BYTES: Final = 64
"""What a message counts at least: its frame, and the work of looking at it."""

_NEAR_END_MS = 60_000


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may do; durations in milliseconds of stream time or wall time."""

    max_message_bytes: int
    max_session_ms: int
    max_idle_ms: int
    max_backlog_ms: int
    max_rate: float
    burst_ms: int
    max_bytes_per_s: int
    burst_bytes: int

    def patient(self, idle_ms: int | None) -> ConnectionLimits:
        """Return the same with no more idle time than this; None changes nothing."""
        if idle_ms is None or idle_ms >= self.max_idle_ms:
            return self
        return replace(self, max_idle_ms=idle_ms)


class TokenBucket:
    """Lets ``rate`` units a second through, and up to ``capacity`` at once."""

    def __init__(self, capacity: float, rate: float, now: float) -> None:
        self._capacity = capacity
        self._rate = rate
        self._level = capacity
        self._at = now

    def take(self, amount: float, now: float) -> float:
        """Take ``amount``; return 0, or the seconds after which it could be taken."""
        wait_s = self.wait(amount, now)
        if not wait_s:
            self._level -= amount
        return wait_s

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds after which ``amount`` could be taken: 0 for now."""
        missing = amount - self.level(now)
        return missing / self._rate if missing > 0 else 0.0

    def level(self, now: float) -> float:
        """Return how much could be taken now."""
        self._level = min(self._capacity, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now
        return self._level

    def full(self, now: float) -> bool:
        """Whether a new one would be no different."""
        return self.level(now) >= self._capacity


class ConnectionGuard:
    """One connection's caps; each method raises the error that closes it."""

    def __init__(self, limits: ConnectionLimits, now: float) -> None:
        self._limits = limits
        self._bucket = TokenBucket(limits.burst_ms, limits.max_rate * 1000, now)
        self._bytes = TokenBucket(limits.burst_bytes, limits.max_bytes_per_s, now)
        self._heard = now
        self._near_end_told = False

    @property
    def max_session_ms(self) -> int:
        """Audio that the session may have."""
        return self._limits.max_session_ms

    def shorten(self, max_session_ms: int | None) -> None:
        """Allow a client no more audio than this; None: no less than anybody."""
        if max_session_ms is not None:
            shorter = min(max_session_ms, self._limits.max_session_ms)
            self._limits = replace(self._limits, max_session_ms=shorter)

    def message(self, size: int, now: float) -> None:
        """Count a message of ``size`` bytes."""
        self._heard = now
        if size > self._limits.max_message_bytes:
            raise MessageTooBig(
                f"a message of {size} bytes is larger than {self._limits.max_message_bytes}; "
                "send audio in smaller chunks",
                field="message",
            )
        if wait := self._bytes.take(max(size, LEAST_BYTES), now):
            raise QuotaExceeded(
                f"more than {self._limits.max_bytes_per_s} bytes a second, beyond a burst of "
                f"{self._limits.burst_bytes}; send less, in fewer messages",
                field="message",
                retry_after_ms=max(1, int(wait * 1000)),
            )

    def audio(self, duration_ms: float, received_ms: int, backlog_ms: int, now: float) -> None:
        """Count audio of ``duration_ms``, with ``received_ms`` before it."""
        wait = self._bucket.take(duration_ms, now)
        if wait:
            raise QuotaExceeded(
                f"audio arrives faster than {self._limits.max_rate:g} times real time, beyond a "
                f"burst of {self._limits.burst_ms} ms; pace it",
                retry_after_ms=max(1, int(wait * 1000)),
            )
        if received_ms + duration_ms > self._limits.max_session_ms:
            raise SessionTooLong(
                f"the session has reached its {self._limits.max_session_ms} ms of audio; "
                "open a new one"
            )
        if backlog_ms > self._limits.max_backlog_ms:
            raise Overloaded(
                f"{backlog_ms} ms of audio wait to be decoded, more than "
                f"{self._limits.max_backlog_ms}",
                retry_after_ms=backlog_ms // 2,
            )

    def near_end(self, received_ms: int) -> int | None:
        """Return how much audio is left, once, when it is a tenth or a minute; else None."""
        left = self._limits.max_session_ms - received_ms
        if self._near_end_told or left > min(_NEAR_END_MS, self._limits.max_session_ms // 10):
            return None
        self._near_end_told = True
        return left

    def idle(self, now: float) -> None:
        """Check how long nothing was heard of the client."""
        silent_ms = int((now - self._heard) * 1000)
        if silent_ms >= self._limits.max_idle_ms:
            raise IdleTimeout(
                f"nothing arrived for {silent_ms} ms, the longest is {self._limits.max_idle_ms}; "
                "send audio or a keepalive"
            )


class SessionSlots:
    """The hard cap on sessions at the same time."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.active = 0

    @property
    def full(self) -> bool:
        """Whether the next session would be refused."""
        return self.active >= self.capacity

    def take(self) -> None:
        """Take a place or raise :class:`~streaming.errors.Overloaded`."""
        if self.full:
            raise Overloaded(
                f"all {self.capacity} sessions of this server are taken", retry_after_ms=5_000
            )
        self.active += 1

    def free(self) -> None:
        """Give a place back."""
        self.active -= 1
