"""How a client comes in, step by step: the door, its first words, who it is, a place."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from starlette.websockets import WebSocket, WebSocketDisconnect

from streaming.admission import Place
from streaming.errors import WirescribeError
from streaming.limits import ConnectionGuard
from streaming.principal import Principal
from streaming.transports.codec import Aside, Codec, KeepAlive, Queued, Start, Started
from streaming.transports.conversation import Conversation
from streaming.transports.doorstep import look, turn_away
from streaming.transports.inbox import Inbox
from streaming.transports.outbox import Outbox
from streaming.transports.watch import Watch
from streaming.transports.writer import Writer

if TYPE_CHECKING:
    from streaming.service import Service


class Reception:
    """The steps of one client's handshake."""

    def __init__(self, socket: WebSocket, codec: Codec, service: Service) -> None:
        self._socket = socket
        self._codec = codec
        self._service = service
        self._credentials = service.gate.read(socket.scope)
        offered = socket.scope.get("subprotocols") or []
        secret = codec.secret(offered)
        if secret is not None and self._credentials.carrier != "header":
            self._credentials = self._credentials.with_secret(secret, "subprotocol")
        self._start: Start | None = None

    async def open(self, writer: Writer) -> bool:
        """Answer the WebSocket's handshake; False where the client is turned away instead."""
        try:
            look(self._service, self._credentials, introduced=self._codec.by_handshake)
            self._start = self._codec.opening(self._socket.query_params.multi_items())
            if self._start is not None and self._codec.by_handshake:
                self._service.parse_start(self._start.options)
        except WirescribeError as error:
            await turn_away(self._socket, self._codec, self._service, self._credentials, error)
            return False
        offered = self._socket.scope.get("subprotocols") or []
        chosen = self._codec.subprotocol if self._codec.subprotocol in offered else None
        headers = [(k.encode(), v.encode()) for k, v in self._codec.headers.items()]
        await self._socket.accept(subprotocol=chosen, headers=headers)
        with contextlib.suppress(WebSocketDisconnect):  # who reads hears of it, too
            await writer.transmit(self._codec.hello())
        return True

    async def hear(self, inbox: Inbox, outbox: Outbox) -> Start | None:
        """Return what the query or the first message asks for; None when the client has gone."""
        start = self._start
        while start is None:
            commands = await inbox.take()
            if commands is None:
                return None
            said = [command for command in commands if not isinstance(command, KeepAlive)]
            while said and isinstance(aside := said[0], Aside):
                outbox.put(aside)
                said = said[1:]
            if said:
                first = said[0]
                start = first if isinstance(first, Start) else Start({})
                inbox.hold(said[1:] if start is first else said)
        return start

    def identify(self, start: Start) -> Principal:
        """Return who it is; of what it says itself the first counts."""
        gate, token = self._service.gate, start.options.get("token")
        if self._credentials.secret is None and isinstance(token, str):
            return gate.check(self._credentials.with_secret(token))
        return gate.check(self._credentials)

    async def seat(
        self,
        principal: Principal,
        inbox: Inbox,
        guard: ConnectionGuard,
        watch: Watch,
        outbox: Outbox,
    ) -> Place | None:
        """Wait for a place, and tell the client so; None when it doesn't wait any more."""

        def tell(position: int, eta_ms: int) -> None:
            outbox.put(Queued(position, eta_ms))

        address = self._credentials.peer.address
        entering = asyncio.create_task(self._service.enter(principal, tell, address))
        listening: asyncio.Task[None] | None = None
        watch.paused = True
        place: Place | None = None
        try:
            await asyncio.wait((entering,), timeout=0)
            if not entering.done():  # it waits in the line: its messages are heard meanwhile
                listening = asyncio.create_task(inbox.listen())
                await asyncio.wait((entering, listening), return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    listening.result()
                    return None
            place = entering.result()
            return place
        finally:
            watch.paused = False
            guard.message(0, time.monotonic())  # it owed no sign of life
            for task in filter(None, (entering, listening)):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            if place is None and not entering.cancelled() and not entering.exception():
                entering.result().leave()


def greeting(service: Service, conversation: Conversation, *, resumed: bool = False) -> Started:
    """Return what a client is told when its conversation begins, or goes on."""
    info = service.engine_info
    return Started(
        session_id=conversation.id,
        resume_token=conversation.token,
        model=info.model,
        device=info.device,
        language=conversation.session.config.language or "auto",
        limits={
            **service.published_limits,
            **conversation.place.limits,
            "max_session_ms": conversation.guard.max_session_ms,
        },
        partial_model=info.partial_model,
        resumed_from_ms=conversation.resumed_from_ms if resumed else None,
    )
