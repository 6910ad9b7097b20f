"""The one asyncio pump that every WebSocket dialect runs on.

Three tasks a connection: the reader (messages to conversation, never waiting for inference), the
writer (outbox to socket, never blocking the session) and the minder (what the clock brings). The
conversation outlives the connection: when the socket is lost, it is parked, and another connection
takes it up (``docs/adr/0026-resume.md``).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from streaming.decoding import DecodeRequest
from streaming.errors import ClientTooSlow, InternalError, Restarting, WirescribeError
from streaming.events import Ended, Warned, WarningCode
from streaming.limits import ConnectionGuard
from streaming.logs import bound, get_logger
from streaming.principal import Principal
from streaming.transports.codec import Codec, Resume
from streaming.transports.conversation import Conversation
from streaming.transports.ending import Ending
from streaming.transports.following import follow
from streaming.transports.inbox import Inbox
from streaming.transports.outbox import Delivery, Outbox
from streaming.transports.pause import pause
from streaming.transports.receipts import Receipts
from streaming.transports.reception import Reception, greeting
from streaming.transports.tally import Tally
from streaming.transports.unpacking import Unpacking
from streaming.transports.watch import Watch
from streaming.transports.writer import Writer

if TYPE_CHECKING:
    from streaming.service import Service

_log = get_logger(__name__)

_LOOK_S = 1.0
_CLOSE_S = 5.0  # for the last messages to a client that may not read
_LAST_WORDS_S = 10.0  # for the finals of what a client said before it was refused


class Connection:
    """One client's socket, and the conversation it holds."""

    def __init__(self, socket: WebSocket, codec: Codec, service: Service) -> None:
        self._socket = socket
        self._codec = codec
        self._service = service
        now, limits = time.monotonic(), service.settings.limits
        self._guard = ConnectionGuard(service.connection_limits.patient(codec.idle_ms), now)
        self._inbox = Inbox(socket, codec, self._guard)
        self._unpacking = Unpacking(codec, service.decoders)
        self._outbox = Outbox(limits.outbox_messages, limits.resume_messages * codec.resumes)
        self._delivery = self._outbox.delivery
        self._receipts = Receipts(socket.scope)
        self._writer = Writer(socket, codec, self._receipts)
        self._reception = Reception(socket, codec, service)
        self._tally = Tally(service.metrics, codec.name)
        self._watch = Watch(self._guard, limits.start_timeout_ms, now)
        self._conversation: Conversation | None = None
        self._id = secrets.token_urlsafe(12)
        self._ending = Ending(service, resumes=codec.resumes)

    async def run(self) -> None:
        """Serve the client until either side is done. Never raises what the client caused."""
        with bound(session=self._id):
            if not await self._reception.open(self._writer):
                return
            self._service.join(self)
            try:
                await self._serve()
            finally:
                self._service.part(self)

    async def _serve(self) -> None:
        reader = asyncio.create_task(self._read())
        minder = asyncio.create_task(self._mind())
        writer = asyncio.create_task(self._write())
        over = asyncio.create_task(self._ending.wait())
        everything: list[asyncio.Task[Any]] = [reader, minder, writer, over]
        try:
            await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
            reader.cancel()
            minder.cancel()
            await asyncio.gather(reader, minder, return_exceptions=True)
            with bound(session=self._id):
                await self._part(writer)
        finally:
            for each in everything:
                each.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
            self._unpacking.close()

    # -- coming in -----------------------------------------------------------------------------

    async def _come_in(self) -> None:
        """The handshake: what the client wants, who it is, a place for it, its conversation."""
        self._service.check_life()
        start = await self._reception.hear(self._inbox, self._outbox)
        if start is None:
            return
        principal = self._reception.identify(start)
        if start.resume is not None:
            self._resume(start.resume, principal)
            return
        config = self._service.parse_start(start.options)
        place = await self._reception.seat(
            principal, self._inbox, self._guard, self._watch, self._outbox
        )
        if place is None:
            if self._inbox.left is None:  # it has nothing to say, and has said so
                self._outbox.put(Ended(0, 0, 0))
                self._ending.over()
            return
        self._guard.shorten(principal.max_session_ms)
        conversation = Conversation(
            self._id,
            self._service.new_session(config),
            principal=principal,
            place=place,
            scheduler=self._service.scheduler,
            guard=self._guard,
            outbox=self._outbox,
            tally=self._tally,
            keep=self._service.transcript,
        )
        self._conversation = conversation
        self._service.parking.add(conversation)
        conversation.tell(greeting(self._service, conversation))
        conversation.attach(self)
        self._receipts.hear(functools.partial(self._arrived, conversation))
        self._tally.began(config)

    def _resume(self, resume: Resume, principal: Principal) -> None:
        """Take up a conversation: from here on this connection is its."""
        service, now = self._service, time.monotonic()
        conversation = service.parking.take(resume.session_id, resume.token, principal, now)
        started = greeting(service, conversation, resumed=True)
        try:
            delivery = conversation.resume(self, started, resume.received)
        except WirescribeError:
            if not conversation.attached:
                service.park(conversation)
            raise
        self._delivery.close()  # the writer goes on with this one
        self._delivery = delivery
        self._conversation, self._id = conversation, conversation.id
        self._tally = conversation.tally
        self._receipts.hear(functools.partial(self._arrived, conversation))
        self._inbox.guard = conversation.guard
        self._watch = Watch(conversation.guard, service.settings.limits.start_timeout_ms, now)
        service.metrics.session_resumed()
        _log.info("session_resumed", session=self._id, from_ms=started.resumed_from_ms)
        if conversation.over:
            self._ending.over()

    # -- its three tasks -----------------------------------------------------------------------

    async def _read(self) -> None:
        """Take messages until the client leaves or something is wrong with one of them."""
        try:
            await self._come_in()
            with bound(session=self._id):
                await self._follow()
        except WirescribeError as error:
            await self._ending.conclude(error, self._conversation, _LAST_WORDS_S)
        except Exception:
            _log.exception("reader_failed")
            failure = InternalError("the server failed on this message")
            self._ending.fail(failure, self._conversation)

    async def _follow(self) -> None:
        while (commands := await self._inbox.take()) is not None:
            async for step in self._unpacking.through(commands, self._guard):
                if self._conversation is not None:
                    languages, forgive = self._service.languages, self._codec.forgive
                    await follow(self._conversation, step, self, languages, forgive)
            await asyncio.sleep(0)  # the writer's turn: a packet may hold a thousand messages
        self._ending.lose()

    async def _write(self) -> None:
        try:
            delivery: Delivery | None = None
            while delivery is not self._delivery:  # a resumed conversation brings its own
                delivery = self._delivery
                await self._writer.deliver(delivery, self._tally)
        except WebSocketDisconnect:
            self._ending.lose()
        except Exception:
            _log.exception("writer_failed")
            failure = InternalError("the server failed on an answer")
            self._ending.fail(failure, self._conversation)

    def _arrived(self, conversation: Conversation, seq: int) -> None:
        conversation.outbox.arrived(seq)
        if conversation.finished and conversation.outbox.delivered:
            self._service.parking.remove(conversation)

    async def _mind(self) -> None:
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                conversation = self._conversation
                if conversation is not None:
                    self._service.gate.check_still(conversation.principal)
                session = conversation.session if conversation else None
                for notice in self._watch.look(session, time.monotonic()):
                    if conversation is not None:
                        conversation.tell(notice)
        except WirescribeError as error:
            await self._ending.conclude(error, self._conversation, _LAST_WORDS_S)

    # -- what the service asks -----------------------------------------------------------------

    @property
    def transport(self) -> str:
        """The dialect's name."""
        return self._codec.name

    @property
    def active(self) -> bool:
        """Whether it holds a session."""
        return self._conversation is not None

    @property
    def backlog_ms(self) -> int:
        """Audio of ended segments that waits for its final."""
        return self._conversation.backlog_ms if self._conversation else 0

    def work(self) -> Iterable[DecodeRequest]:
        """Yield what its session wants decoded."""
        return self._conversation.work() if self._conversation else ()

    async def drain(self, deadline_s: float) -> None:
        """Warn the client, let it come to the end of its sentence, send the finals of all it has
        said, then ask it to reconnect. Half of the time is for the sentence.
        """  # noqa: D205
        conversation, began = self._conversation, time.monotonic()
        if conversation is not None and not conversation.finished:
            message = "the server is restarting; what was said so far is being finished"
            detail = (("deadline_ms", int(deadline_s * 1000)),)
            conversation.tell(Warned(WarningCode.DRAINING, message, detail))
            await pause(conversation.session, deadline_s / 2)
        left_s = max(0.0, deadline_s - (time.monotonic() - began))
        goodbye = Restarting("the server is restarting; reconnect now")
        await self._ending.conclude(goodbye, self._conversation, left_s)

    # -- what the conversation says (Listener) -------------------------------------------------

    def over(self) -> None:
        """The conversation has ended, or has failed."""
        self._ending.over()

    def overfull(self) -> None:
        """The client reads too slowly."""
        unread = self._service.settings.limits.outbox_messages
        error = ClientTooSlow(f"{unread} messages wait to be read by the client")
        self._ending.fail(error, self._conversation)

    def displaced(self) -> None:
        """Another socket has the conversation now; what it says is no matter of this one."""
        self._conversation = None
        self._ending.displaced()

    # -- its end -------------------------------------------------------------------------------

    async def _part(self, writer: asyncio.Task[None]) -> None:
        """Send what is left, the reason and the close frame, to a client that may not read."""
        conversation, ending = self._conversation, self._ending
        reason = ending.reason(conversation)
        if ending.lost:
            self._delivery.stop()
        else:
            self._delivery.close()
        ending.let_go(conversation, self, self._tally)
        if ending.lost or self._socket.client_state is not WebSocketState.CONNECTED:
            self._tally.closed(self._inbox.left or 1006)
            return
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(_CLOSE_S):
                await writer
                self._tally.closed(self._codec.close(reason)[0] if reason else 1000)
                await self._writer.close(reason)
                if not self._receipts.known and conversation is not None and conversation.finished:
                    self._service.parking.remove(conversation)  # as far as can be known
