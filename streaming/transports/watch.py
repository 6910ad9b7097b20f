"""What the clock alone brings about: acks, word of slow partials, the end of idle sockets."""

from __future__ import annotations

from collections.abc import Iterator

from streaming.errors import IdleTimeout
from streaming.events import Warned, WarningCode
from streaming.limits import ConnectionGuard
from streaming.session import Phase, Session
from streaming.transports.codec import Ack, Notice

_SLOW_MS = 3_000
_SLOW_AGAIN_S = 30.0


class Watch:
    """Looked at about once a second; times are seconds of one monotonic clock, handed in."""

    def __init__(self, guard: ConnectionGuard, start_timeout_ms: int, now: float) -> None:
        self._guard = guard
        self._start_timeout_ms = start_timeout_ms
        self._opened = now
        self.paused = False
        """Set while the client is made to wait: it owes nothing, not even a sign of life."""
        self._acked = Ack(0, 0)
        self._slow_told = now - _SLOW_AGAIN_S

    def look(self, session: Session | None, now: float) -> Iterator[Notice]:
        """Yield what is to be told now; :class:`~streaming.errors.IdleTimeout` ends the session.

        A client that has said ``end`` owes nothing more: it is never idle.
        """
        if self.paused:
            return
        if session is None or session.phase is Phase.OPEN:
            self._guard.idle(now)
        if session is None:
            if (now - self._opened) * 1000 > self._start_timeout_ms:
                raise IdleTimeout(f"no start and no audio came within {self._start_timeout_ms} ms")
            return
        if session.phase is Phase.ENDED:
            return
        # Up to where it is decoded, but never beyond a place from where audio may be asked for.
        step_ms = session.config.audio.step_ms
        ack = Ack(session.received_ms, session.decoded_ms // step_ms * step_ms)
        if ack != self._acked:
            self._acked = ack
            yield ack
        if session.unheard_ms > _SLOW_MS and now - self._slow_told >= _SLOW_AGAIN_S:
            self._slow_told = now
            yield Warned(
                WarningCode.SLOW_PARTIALS,
                "the server is busy: partials come late, finals will follow",
                (("behind_ms", session.unheard_ms),),
            )
