"""One stream over as many connections as it takes, without a socket and without a clock.

::

    application  --append, finalize, configure, end-->  Continuity  --outgoing-->  connection
    application  <--------------- events -------------  Continuity  <-- received --  connection

After a loss the same session is resumed, if the server kept it: the audio goes on at the sample
where the server's ends. Otherwise a new session is given all audio behind the last final, on each
channel. What the application hears has one time, one numbering of segments, and nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streaming.client.backlog import Backlog
from streaming.client.errors import ClientError, ServerError
from streaming.client.events import (
    Ack,
    AudioLost,
    Ended,
    Event,
    Finalized,
    Reconnected,
    Started,
)
from streaming.client.gaps import Gaps
from streaming.client.ledger import Ledger
from streaming.client.options import Options
from streaming.client.protocol import build_end, build_start
from streaming.client.requests import Requests
from streaming.client.sound import Sound
from streaming.client.timeline import Timeline

_PARKED_AFTER = frozenset({"client_too_slow"})  # any other error is the session's end
_LEAD_MS = 400  # sound before undecided audio, so that a new session hears it begin
_GAP_MS = 1_000  # silence that stands for audio given up: enough to end the segment before it
_AHEAD_MS = 30_000  # audio that may always be on its way
_PIECE_BYTES = 16_384  # well below any server's limit, and fine enough to be shared by requests


@dataclass(frozen=True, slots=True)
class Resume:
    """What a server wants to see of who lost its connection."""

    session_id: str
    token: str


class Continuity:
    """The application's stream; one connection at a time is told ``opening`` to ``closed``."""

    def __init__(self, options: Options, *, buffer_ms: int, drop_oldest: bool) -> None:
        self._sound = Sound(options)
        self._backlog = Backlog(self._sound, buffer_ms=buffer_ms, drop_oldest=drop_oldest)
        self._buffer = self._backlog.audio
        self._timeline = Timeline(self._sound)
        self._ledger = Ledger.of(self._timeline, options.channels)
        self._requests = Requests(options)
        self._resume: Resume | None = None
        self._acknowledges = False
        self._open = False
        self._silence = 0
        self._window_ms = 0
        self._acked_ms = 0
        self._gaps = Gaps()
        self._sessions = 0
        self._ending = False
        self._end_sent = False
        self._limit = _PIECE_BYTES
        self._reached = (0, 0)
        self._numbered = 0
        self._muted: list[tuple[int, int]] = []

    # -- the application's side ----------------------------------------------------------------

    @property
    def ending(self) -> bool:
        """Whether the application has said that no more audio comes."""
        return self._ending

    @property
    def unsent(self) -> int:
        """Bytes of audio that no connection has taken yet."""
        return self._buffer.unsent

    @property
    def dropping(self) -> bool:
        """Whether the oldest audio gives way at the bound, rather than the application waiting."""
        return self._backlog.drops

    @property
    def waits(self) -> bool:
        """Whether it is the server's turn: no more is to be sent before it has caught up."""
        return self._timeline.server_ms - self._acked_ms >= self._window_ms > 0

    @property
    def sent_ms(self) -> int:
        """Audio taken from the application."""
        return self._sound.ms(self._buffer.end)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to send."""
        return not (self._buffer.unsent or self._requests.pending or self._ending)

    def room(self, size: int, *, unread: bool = False) -> bool:
        """Whether ``append`` would keep all that may have to be sent again.

        ``unread``: the acknowledgements that make room can't come in.
        """
        return self._backlog.room(size, acknowledges=self._acknowledges, unread=unread)

    def append(self, audio: bytes | memoryview) -> list[AudioLost]:
        """Take audio; say so where the oldest was given up to stay within the bound."""
        start, end = self._backlog.append(audio, acknowledges=self._acknowledges, flows=self._open)
        if not self._open or end == start:
            return []
        self._fill(end - start)
        return self._lost(start, end)

    def finalize(self, id: str) -> None:
        """Ask for all audio so far to be decoded."""
        self._requests.finalize(self._buffer.end, id)

    def configure(self, settings: dict[str, Any]) -> None:
        """Change settings from here on."""
        self._requests.configure(self._buffer.end, settings)

    def end(self) -> None:
        """Say that no more audio comes."""
        self._ending = True

    # -- the connection's side -----------------------------------------------------------------

    def opening(self, token: str | None = None) -> str:
        """Return the first message of a connection."""
        replay_from = max(min(self._settled), self._buffer.start)
        options = self._requests.options_at(replay_from)
        if self._resume is None:
            return build_start(options, token=token)
        known = {"session_id": self._resume.session_id, "token": self._resume.token}
        return build_start(options, resume=known | {"received": self._numbered}, token=token)

    def received(self, event: Event | None, number: int | None = None) -> list[Event]:
        """Take what the server says; return what the application hears of it.

        ``event`` is None for a type that this client doesn't know: only its number counts.
        """
        if number is not None:
            if number <= self._numbered:
                return []
            self._numbered = number
        if event is None:
            return []
        if isinstance(event, Started):
            return self._started(event)
        if isinstance(event, Finalized) and event.id and not self._requests.answered(event.id):
            return []
        if isinstance(event, Ended) and not self._ending:
            self._resume = None
            return []
        if isinstance(event, Ack | Finalized):
            self._acknowledges = True
            through = event.decoded_ms if isinstance(event, Ack) else event.through_ms
            self._acked_ms = max(self._acked_ms, through)
        told = self._ledger.tell(event)
        self._release()
        return [] if told is None else [told]

    def outgoing(self) -> str | bytes | None:
        """Return the next message to send; None while there is none."""
        if not self._open:
            return None
        buffer = self._buffer
        if not self._silence and (request := self._requests.before(buffer.cursor)) is not None:
            return request
        if self._silence:
            piece = self._sound.silence(min(self._limit, self._silence))
            self._silence -= len(piece)
            self._timeline.sent(len(piece))
            return piece
        if self.waits:
            return None
        until = self._requests.until(buffer.cursor)
        at = buffer.cursor
        piece = buffer.take(self._limit if until is None else min(self._limit, until))
        if piece:
            self._timeline.sent(len(piece))
            return self._mute(piece, at)
        if self._ending and not self._end_sent:
            self._end_sent = True
            return build_end()
        return None

    def closed(self, error: ClientError) -> bool:
        """The connection is gone; return whether the stream has come on since the one before."""
        over = self._open and isinstance(error, ServerError) and error.code not in _PARKED_AFTER
        if over or error.code == "unknown_session":
            self._resume = None
        self._open = False
        reached = (self._ledger.decoded_ms, self._ledger.received_ms)
        came_on = any(now > before for now, before in zip(reached, self._reached, strict=True))
        self._reached = reached
        return came_on

    # -- inside --------------------------------------------------------------------------------

    @property
    def _settled(self) -> list[int]:
        """Up to which byte each channel's audio is settled."""
        ledger = self._ledger
        decoded = self._sound.position(max(0, ledger.decoded_ms - _LEAD_MS))
        return [
            max(decoded, self._sound.position(ledger.settled_ms(channel)))
            for channel in range(self._sound.channels)
        ]

    def _started(self, started: Started) -> list[Event]:
        again, self._sessions = self._sessions > 0, self._sessions + 1
        buffer = self._buffer
        resumed = self._resume is not None and started.resumed_from_ms is not None
        settled = self._settled
        expected = min(settled)
        if resumed and started.resumed_from_ms is not None:
            expected = self._timeline.resume(started.resumed_from_ms)
            self._ledger.received_ms = max(self._ledger.received_ms, self._sound.ms(expected))
        buffer.rewind(expected)
        lost = self._lost(expected, buffer.cursor)
        told: list[Event] = [started]
        if again:
            told.append(Reconnected(resumed=resumed, lost_ms=sum(gap.lost_ms for gap in lost)))
        told += lost
        if resumed:
            self._fill(buffer.cursor - expected)
            self._requests.rewind(buffer.cursor)
        else:
            self._begin_anew(settled)
            told += self._ledger.new_session(self._sound.ms(buffer.cursor)) if again else []
        self._agree(started)
        return told

    def _begin_anew(self, settled: list[int]) -> None:
        at = self._buffer.cursor
        self._timeline.restart(at)
        self._silence = self._acked_ms = self._numbered = 0
        self._requests.restart()
        self._muted = [(channel, until) for channel, until in enumerate(settled) if until > at]

    def _agree(self, started: Started) -> None:
        """Take what the server grants this connection."""
        self._open, self._end_sent = True, False
        self._resume = (
            Resume(started.session_id, started.resume_token) if started.resume_token else None
        )
        self._acknowledges = self._acknowledges or self._resume is not None
        limits = started.limits
        self._limit = self._whole(min(_PIECE_BYTES, limits.max_message_bytes or _PIECE_BYTES))
        backlog_ms = limits.max_backlog_ms
        self._window_ms = max(_AHEAD_MS, backlog_ms * 4 // 5) if backlog_ms else 0

    def _fill(self, gap: int) -> None:
        """Put silence in the place of audio that the session can't have any more."""
        self._silence = min(max(gap, 0), self._sound.position(_GAP_MS))
        if self._silence:
            self._timeline.leap(self._silence, self._buffer.cursor)

    def _lost(self, start: int, end: int) -> list[AudioLost]:
        """Say, once, what was given up."""
        told = []
        for first, behind in self._gaps.add(start, end):
            from_ms = self._sound.ms(first)
            told.append(AudioLost(from_ms, self._sound.ms(behind) - from_ms))
        return told

    def _mute(self, piece: bytes, at: int) -> bytes:
        """Silence the channels whose words in this audio have been told."""
        for channel, until in self._muted:
            if until > at:
                piece = self._sound.mute(piece, channel, until - at)
        return piece

    def _release(self) -> None:
        """Forget audio that nobody can need again."""
        settled = min(self._settled)
        self._buffer.release(settled)
        self._gaps.forget(settled)
        self._requests.settle(self._buffer.start)

    def _whole(self, size: int) -> int:
        return max(self._sound.frame_bytes, size - size % self._sound.frame_bytes)
