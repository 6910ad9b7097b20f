"""The one asyncio pump that every WebSocket dialect runs on.

Three tasks a connection: the reader (messages to session, never waiting for inference), the
writer (outbox to socket, never blocking the session) and the minder (what the clock brings). The
session itself is driven from the reader and from the scheduler, both on the same event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.errors import (
    BadMessage,
    ClientTooSlow,
    IdleTimeout,
    InternalError,
    RequestError,
    Restarting,
    WirescribeError,
)
from streaming.events import Ended, Event, Warned, WarningCode
from streaming.limits import ConnectionGuard
from streaming.logs import bound, get_logger
from streaming.options import parse_configure
from streaming.session import Phase, Session
from streaming.transports.codec import (
    Audio,
    Codec,
    Command,
    Configure,
    End,
    Finalize,
    KeepAlive,
    Notice,
    Start,
    Started,
)
from streaming.transports.outbox import Outbox
from streaming.transports.tally import Tally
from streaming.transports.watch import Watch

if TYPE_CHECKING:
    from streaming.service import Service

_log = get_logger(__name__)

_SLICE_MS = 200  # audio taken at once; between slices other connections have their turn
_LOOK_S = 1.0
_CLOSE_S = 5.0  # for the last messages to a client that may not read
_LAST_WORDS_S = 10.0  # for the finals of what a client said before it was refused


class Connection:
    """One client's socket, session and queue of events."""

    def __init__(self, socket: WebSocket, codec: Codec, service: Service) -> None:
        self._socket = socket
        self._codec = codec
        self._service = service
        now, limits = time.monotonic(), service.settings.limits
        self._outbox = Outbox(limits.outbox_messages)
        self._guard = ConnectionGuard(service.connection_limits, now)
        self._tally = Tally(service.metrics, codec.name)
        self._watch = Watch(self._guard, limits.start_timeout_ms, now)
        self._session: Session | None = None
        self._id = secrets.token_urlsafe(12)
        self._over = asyncio.Event()
        self._failure: WirescribeError | None = None
        self._finished = False
        self._left = 1006  # its close code, should the client go: this one is for no word at all
        self._concluding = False
        self._settled = asyncio.Event()

    async def run(self) -> None:
        """Serve the client until either side is done. Never raises what the client caused."""
        with bound(session=self._id):
            offered = self._socket.scope.get("subprotocols") or []
            chosen = self._codec.subprotocol if self._codec.subprotocol in offered else None
            await self._socket.accept(subprotocol=chosen)
            try:
                self._service.admit(self)
            except WirescribeError as error:
                self._failure = error
                self._outbox.close()
                await self._part(self._write())
                self._tally.refused()
                return
            try:
                await self._serve()
            finally:
                self._service.leave(self)
                self._tally.ended(self._failure, self._session, finished=self._finished)

    async def _serve(self) -> None:
        reader = asyncio.create_task(self._read())
        minder = asyncio.create_task(self._mind())
        writer = asyncio.create_task(self._write())
        over = asyncio.create_task(self._over.wait())
        everything: list[asyncio.Task[Any]] = [reader, minder, writer, over]
        try:
            await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
            reader.cancel()
            minder.cancel()
            await asyncio.gather(reader, minder, return_exceptions=True)
            # Nothing more is decoded for it: what matters now is what has been said already.
            self._service.scheduler.remove(self)
            self._settled.set()  # a drain must not wait for answers that won't come
            self._outbox.close()
            await self._part(writer)
        finally:
            for each in everything:
                each.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    # -- reader --------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Take messages until the client leaves or something is wrong with one of them."""
        try:
            opening = self._codec.opening(self._socket.query_params.multi_items())
            if opening is not None:
                self._begin(opening)
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    self._left = message.get("code", self._left)
                    self._over.set()
                    return
                for command in self._commands(message.get("text"), message.get("bytes")):
                    await self._obey(command)
                # The writer's turn: a thousand messages may have come in one packet.
                await asyncio.sleep(0)
        except WirescribeError as error:
            await self._conclude(error)
        except Exception:
            _log.exception("reader_failed")
            self.work_failed(InternalError("the server failed on this message"))

    def _commands(self, text: str | None, data: bytes | None) -> Iterable[Command]:
        if data is not None:
            self._guard.message(len(data), time.monotonic())
            return self._codec.binary(data)
        if text is None:
            raise BadMessage("message: neither text nor binary", field="message")
        self._guard.message(len(text.encode(errors="surrogatepass")), time.monotonic())
        return self._codec.text(text)

    def _begin(self, start: Start) -> Session:
        if self._session is not None:
            raise BadMessage("type: 'start' came twice, or after audio", field="type")
        service = self._service
        config = service.parse_start(start.options)
        self._session = session = service.new_session(config)
        info = service.engine_info
        self._tell(
            Started(
                session_id=self._id,
                resume_token=secrets.token_urlsafe(24),
                model=info.model,
                device=info.device,
                language=config.language or "auto",
                limits=service.published_limits,
                partial_model=info.partial_model,
            )
        )
        service.scheduler.add(self)
        self._tally.began(config)
        return session

    async def _obey(self, command: Command) -> None:
        if isinstance(command, KeepAlive):
            return
        if isinstance(command, Start):
            self._begin(command)
            return
        session = self._session or self._begin(Start({}))
        if session.phase is not Phase.OPEN or self._concluding:
            return  # it has said `end`, or the server goes down: this has come too late
        match command:
            case Audio(data):
                await self._take_audio(session, data)
            case Configure(options):
                session.configure(
                    parse_configure(options, session.config, languages=self._service.languages)
                )
            case Finalize(request_id):
                self._say(session.finalize(request_id))
            case End():
                self._say(session.end())

    async def _take_audio(self, session: Session, data: bytes) -> None:
        audio = session.config.audio
        duration_ms = len(data) * 1000 / audio.bytes_per_second
        self._guard.audio(duration_ms, session.received_ms, session.backlog_ms, time.monotonic())
        self._tally.arrived(session.received_ms, duration_ms, audio.channels, time.monotonic())
        size = max(1, _SLICE_MS * audio.bytes_per_second // 1000)
        for at in range(0, len(data), size):
            if at:
                await asyncio.sleep(0)
                if session.phase is not Phase.OPEN or self._concluding:
                    return
            with self._tally.handling():
                events = session.receive_audio(data[at : at + size])
            self._say(events)
        left_ms = self._guard.near_end(session.received_ms)
        if left_ms is not None:
            detail = (("limit", "max_session_ms"), ("remaining_ms", left_ms))
            message = "the session is near its longest; finalize, and open a new one"
            self._tell(Warned(WarningCode.LIMIT_NEAR, message, detail))

    # -- what the service asks -----------------------------------------------------------------

    @property
    def transport(self) -> str:
        """The dialect's name."""
        return self._codec.name

    @property
    def backlog_ms(self) -> int:
        """Audio of ended segments that waits for its final."""
        return self._session.backlog_ms if self._session else 0

    # -- scheduler's side (Source) -------------------------------------------------------------

    def work(self) -> Iterable[DecodeRequest]:
        """Yield what the session wants decoded."""
        return self._session.work() if self._session else ()

    def begin(self, request: DecodeRequest) -> None:
        """Pass on that a request has been taken."""
        if self._session:
            self._session.begin(request)

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        """Pass an answer to the session, and what it says to the client."""
        if self._session is None:
            return
        try:
            self._say(self._session.work_done(request, hypothesis))
        except WirescribeError as error:
            self.work_failed(error)
        except Exception:
            _log.exception("session_failed")
            self.work_failed(InternalError("the server failed on a hypothesis"))

    def work_failed(self, error: WirescribeError) -> None:
        """End the connection with an error; the first one counts."""
        self._settled.set()
        if self._failure is None and not self._finished:
            self._failure = error
            if not isinstance(error, IdleTimeout):
                _log.info("session_refused", code=error.code, field=error.field)
        self._over.set()

    # -- writer --------------------------------------------------------------------------------

    def _say(self, events: list[Event]) -> None:
        for event in events:
            self._tell(event)
            if isinstance(event, Ended):
                self._finished = True
                self._over.set()
        if self._concluding and self._session and self._session.settled:
            self._settled.set()
        self._service.scheduler.wake()

    def _tell(self, notice: Notice) -> None:
        if self._outbox.put(notice):
            self._tally.superseded()

    async def _write(self) -> None:
        try:
            while (notice := await self._outbox.get()) is not None:
                for text in self._codec.write(notice):
                    await self._socket.send_text(text)
                self._tally.sent(notice, time.monotonic())
        except WebSocketDisconnect:
            self._over.set()
        except Exception:
            _log.exception("writer_failed")
            self.work_failed(InternalError("the server failed on an answer"))

    async def _part(self, written: Awaitable[None]) -> None:
        """Send what is left, the reason and the close frame, to a client that may not read."""
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(_CLOSE_S):
                await written
                await self._close()

    async def _close(self) -> None:
        if self._socket.client_state is not WebSocketState.CONNECTED:
            self._tally.closed(self._left)
            return
        failure = self._failure
        code, reason = (failure.close_code, failure.code) if failure else (1000, None)
        self._tally.closed(code)
        for text in self._codec.error(failure) if failure else ():
            await self._socket.send_text(text)
        await self._socket.close(code, reason)

    # -- minder --------------------------------------------------------------------------------

    async def _mind(self) -> None:
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                for notice in self._watch.look(self._session, time.monotonic()):
                    self._tell(notice)
        except WirescribeError as error:
            await self._conclude(error)

    # -- going down ----------------------------------------------------------------------------

    async def drain(self, deadline_s: float) -> None:
        """Warn the client, send the finals of all it has said, then ask it to reconnect."""
        if self._session is not None and not self._finished:
            message = "the server is restarting; what was said so far is being finished"
            detail = (("deadline_ms", int(deadline_s * 1000)),)
            with contextlib.suppress(ClientTooSlow):
                self._tell(Warned(WarningCode.DRAINING, message, detail))
        await self._conclude(Restarting("the server is restarting; reconnect now"), deadline_s)

    async def _conclude(self, error: WirescribeError, deadline_s: float = _LAST_WORDS_S) -> None:
        """End with an error, but send the finals of all that was taken before it.

        At once only where decoding or sending is what has failed.
        """
        self._concluding = True
        decodable = isinstance(error, RequestError | Restarting)
        if self._session is not None and decodable and not isinstance(error, ClientTooSlow):
            try:
                async with asyncio.timeout(deadline_s):
                    self._say(self._session.finalize(None))
                    await self._settled.wait()
            except TimeoutError:
                _log.warning("finals_not_sent", waited_s=deadline_s)
            except WirescribeError as worse:
                error = worse
            except Exception:
                _log.exception("session_failed")
                error = InternalError("the server failed on this session")
        self.work_failed(error)
