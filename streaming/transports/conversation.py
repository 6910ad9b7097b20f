"""One client's session with all that is said in it; it outlives the socket it began on.

The scheduler feeds it (it is a :class:`~streaming.scheduler.Source`), a connection drives it while
there is one. What it says goes into its outbox, whether or not anybody listens.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from streaming.admission import Place
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.errors import (
    IdleTimeout,
    InternalError,
    Restarting,
    UnknownSession,
    WirescribeError,
)
from streaming.events import Ended, Event, Final, Finalized, Warned, WarningCode
from streaming.limits import ConnectionGuard
from streaming.logs import bound, get_logger
from streaming.options import SessionConfig, parse_configure
from streaming.principal import Principal
from streaming.scheduler import Scheduler
from streaming.session import Phase, Session
from streaming.transcripts import Transcript
from streaming.transports.codec import (
    Ack,
    Aside,
    Audio,
    Command,
    Configure,
    End,
    Finalize,
    Notice,
    Started,
)
from streaming.transports.intake import Intake
from streaming.transports.outbox import Delivery, Outbox
from streaming.transports.tally import Tally

_log = get_logger(__name__)

_SLICE_MS = 200  # audio taken at once; between slices other connections have their turn
_HISTORY_BYTES = 4_096  # a sent message that is kept, about: a final with its words


Keep = Callable[[str, str, Principal, SessionConfig], Transcript | None]
"""Begins to keep what a session says: its name, its token, whose it is, what was asked for."""


def _unkept(name: str, token: str, principal: Principal, config: SessionConfig) -> None:
    return None


class Listener(Protocol):
    """The connection that holds a conversation."""

    def over(self) -> None:
        """Hear that the conversation has ended, or has failed."""
        ...

    def overfull(self) -> None:
        """Hear that more waits than the client may leave unread."""
        ...

    def displaced(self) -> None:
        """Hear that another connection has taken the conversation."""
        ...


class Conversation:
    """A session, whom it belongs to, what it has to say, and how it came out."""

    def __init__(
        self,
        name: str,
        session: Session,
        *,
        principal: Principal,
        place: Place,
        scheduler: Scheduler,
        guard: ConnectionGuard,
        outbox: Outbox,
        tally: Tally,
        keep: Keep = _unkept,
    ) -> None:
        self.id = name
        self.token = secrets.token_urlsafe(24)
        self._transcript = keep(name, self.token, principal, session.config)
        self.session = session
        self.principal = principal
        self.guard = guard
        self.outbox = outbox
        self.tally = tally
        self.failure: WirescribeError | None = None
        self.finished = False
        self.place = place
        self._scheduler = scheduler
        self._listener: Listener | None = None
        self._concluding = False
        self._settled = asyncio.Event()
        self._intake = Intake(session.config.audio)

    # -- its connections -----------------------------------------------------------------------

    def attach(self, listener: Listener) -> None:
        """Begin with the connection it was made on."""
        self._listener = listener
        self._scheduler.add(self)

    def resume(self, listener: Listener, started: Started, received: int | None) -> Delivery:
        """Go on with another connection, which is told ``started`` first.

        Raises :class:`~streaming.errors.UnknownSession` when it has missed what isn't kept.
        """
        try:
            delivery = self.outbox.deliver(started, received)
        except LookupError as error:
            raise UnknownSession(
                f"resume.received: {error}; open a new session", field="resume.received"
            ) from None
        if self._listener is not None:
            self._listener.displaced()
        self._listener = listener
        self.guard.message(0, time.monotonic())  # it has been heard of
        waiting = (each.id for each in self.outbox.waiting if isinstance(each, Finalized))
        self._intake.resume(waiting)
        self._scheduler.wake()
        return delivery

    def detach(self, listener: Listener) -> None:
        """Go on without a connection, if this is the one."""
        if self._listener is listener:
            self._listener = None

    @property
    def over(self) -> bool:
        """Whether it has ended, or has failed."""
        return self.finished or self.failure is not None

    @property
    def attached(self) -> bool:
        """Whether a connection holds it."""
        return self._listener is not None

    @property
    def resumed_from_ms(self) -> int:
        """From where audio is to be sent again: a whole millisecond, and a whole sample."""
        return self._intake.resumed_from_ms

    # -- what the client wants -----------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether it still takes anything."""
        return self.session.phase is Phase.OPEN and not self._concluding

    async def obey(self, command: Command, listener: Listener, languages: Iterable[str]) -> None:
        """Do what a command of the session asks; what comes too late is left out."""
        if not self.open or self._listener is not listener:
            return
        match command:
            case Audio(data):
                await self._take_audio(data, listener)
            case Configure(options):
                config = parse_configure(options, self.session.config, languages=tuple(languages))
                self.session.configure(config)
            case Finalize(None):
                self._say(self.session.finalize(None))
            case Finalize(str(name)):
                if not self._intake.is_repeat(name):
                    self._intake.asked(name)
                    self._say(self.session.finalize(name))
            case End():
                self._say(self.session.end())
            case Aside():
                self.tell(command)

    async def _take_audio(self, data: bytes, listener: Listener) -> None:
        data = self._intake.new(data)
        if not data:
            return
        session, audio = self.session, self.session.config.audio
        duration_ms = len(data) * 1000 / audio.bytes_per_second
        now = time.monotonic()
        self.guard.audio(duration_ms, session.received_ms, session.backlog_ms, now)
        self.place.audio(duration_ms)
        self.tally.arrived(session.received_ms, duration_ms, audio.channels, now)
        size = max(1, _SLICE_MS * audio.bytes_per_second // 1000)
        for at in range(0, len(data), size):
            if at:
                await asyncio.sleep(0)
                if not self.open or self._listener is not listener:
                    return
            piece = data[at : at + size]
            with self.tally.handling():
                events = session.receive_audio(piece)
            self._intake.took(len(piece))
            self._say(events)
        left_ms = self.guard.near_end(session.received_ms)
        if left_ms is not None:
            detail = (("limit", "max_session_ms"), ("remaining_ms", left_ms))
            message = "the session is near its longest; finalize, and open a new one"
            self.tell(Warned(WarningCode.LIMIT_NEAR, message, detail))

    async def flush(self, deadline_s: float, *, cut: bool = True) -> None:
        """Take no more, and wait until the finals of all that was taken are out.

        ``cut`` ends what is being said. Without it nobody speaks, and what is heard last, perhaps
        the beginning of a word, is left to whoever goes on. Raises TimeoutError behind the
        deadline, and what the session raises.
        """
        self._concluding = True
        async with asyncio.timeout(deadline_s):
            self._say(self.session.finalize(None) if cut else [])
            await self._settled.wait()
        if not cut and not self.finished:
            self.tell(Ack(self.session.received_ms, self.session.decoded_ms))

    async def conclude(self, error: WirescribeError, deadline_s: float) -> WirescribeError:
        """Send the finals of all that was taken before an error; return it, or a worse one."""
        try:
            cut = self.session.speaking or not isinstance(error, Restarting)
            await self.flush(deadline_s, cut=cut)
        except TimeoutError:
            _log.warning("finals_not_sent", waited_s=deadline_s)
        except WirescribeError as worse:
            return worse
        except Exception:
            _log.exception("session_failed")
            return InternalError("the server failed on this session")
        return error

    # -- what it says --------------------------------------------------------------------------

    def tell(self, notice: Notice) -> None:
        """Have something told to the client."""
        if self.outbox.put(notice):
            self.tally.superseded()
        if self.outbox.overfull and self._listener is not None:
            self._listener.overfull()

    def _say(self, events: list[Event]) -> None:
        for event in events:
            self.tell(event)
            if self._transcript is not None and isinstance(event, Final):
                self._transcript.add(event)
            elif isinstance(event, Finalized):
                self._intake.answered(event.id)
            if isinstance(event, Ended):
                self.finished = True
                self._settled.set()
                self._hear_over()
        if self._concluding and self.session.settled:
            self._settled.set()
        self._scheduler.wake()

    def _hear_over(self) -> None:
        if self._listener is not None:
            self._listener.over()

    # -- scheduler's side (Source) -------------------------------------------------------------

    @property
    def backlog_ms(self) -> int:
        """Audio of ended segments that waits for its final."""
        return self.session.backlog_ms

    def work(self) -> Iterable[DecodeRequest]:
        """Yield what the session wants decoded; partials only while somebody is there."""
        requests = self.session.work()
        if self._listener is not None:
            return requests
        return (request for request in requests if request.kind is not Kind.PARTIAL)

    def begin(self, request: DecodeRequest) -> None:
        """Pass on that a request has been taken."""
        self.session.begin(request)

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        """Pass an answer to the session, and what it says to the client."""
        try:
            self._say(self.session.work_done(request, hypothesis))
        except WirescribeError as error:
            self.work_failed(error)
        except Exception:
            with bound(session=self.id):
                _log.exception("session_failed")
            self.work_failed(InternalError("the server failed on a hypothesis"))

    def work_failed(self, error: WirescribeError) -> None:
        """End with an error; the first one counts."""
        self._settled.set()
        if self.failure is None and not self.finished:
            self.failure = error
            if not isinstance(error, IdleTimeout):
                with bound(session=self.id):
                    _log.info("session_refused", code=error.code, field=error.field)
        if self._listener is None:
            self.close()  # there is nothing more to decode it for
        self._hear_over()

    # -- its end -------------------------------------------------------------------------------

    @property
    def held_bytes(self) -> int:
        """The memory it holds, about: audio not decoded yet, and messages that are kept."""
        return self.session.held_bytes + self.outbox.held * _HISTORY_BYTES

    def close(self) -> None:
        """Be decoded no more, and give the place back; what is unsent can still be delivered."""
        self._scheduler.remove(self)
        self._settled.set()  # a drain must not wait for answers that won't come
        self.place.leave()
        if self._transcript is not None:
            self._transcript.end(time.monotonic())

    def give_up(self, why: str) -> None:
        """End while nobody is there."""
        self.close()
        self.tally.given_up(self.failure, self.session, why, finished=self.finished)
