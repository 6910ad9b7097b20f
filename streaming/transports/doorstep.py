"""A client before its handshake is answered: whether it may come in, and how it is told that not.

A program reads the status of a refused upgrade, so it gets one, with the time to come back and how
its quotas stand. A browser can't: its socket is accepted, told the ``error`` and closed
(``docs/adr/0009-refusals-after-accepting.md``). But a proxy before it can ask another server
meanwhile, if it gets a status from one that is going down, or does not stand yet.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from streaming.access import refusal, refusal_headers
from streaming.auth.credentials import Credentials
from streaming.errors import Overloaded, QuotaExceeded, WirescribeError
from streaming.lifecycle import Life
from streaming.principal import ANONYMOUS
from streaming.service import Service
from streaming.transports.codec import Codec

_TELL_S = 5.0  # for a client that may not read
_EXTENSION = "websocket.http.response"
_FORWARDED = {b"x-forwarded-for", b"forwarded"}


def look(service: Service, credentials: Credentials, *, introduced: bool = False) -> None:
    """Raise why a client can't come in, as far as that is known before it has said anything.

    ``introduced``: it will say no more about who it is.
    """
    address = credentials.peer.address
    service.admission.knock(address)
    gate = service.gate
    principal = gate.check(credentials) if introduced else gate.screen(credentials)
    service.admission.look(principal or ANONYMOUS, address, len(service.connections))


async def turn_away(
    socket: WebSocket,
    codec: Codec,
    service: Service,
    credentials: Credentials,
    error: WirescribeError,
) -> None:
    """Tell a client why it can't come in; its handshake has not been answered yet."""
    service.metrics.session_ended(codec.name, "refused")
    with contextlib.suppress(OSError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(_TELL_S):
            told_by_status = credentials.origin is None or _for_another(socket, service)
            if told_by_status and _EXTENSION in (socket.scope.get("extensions") or {}):
                response = _answer(codec, error)
                response.headers.update(_quotas(service, credentials, error))
                await socket.send_denial_response(response)
                return
            offered = socket.scope.get("subprotocols") or ()
            chosen = codec.subprotocol if codec.subprotocol in offered else None
            await socket.accept(subprotocol=chosen)
            code, reason = codec.close(error)
            service.metrics.closed(code)
            for frame in codec.error(error):
                await (
                    socket.send_text(frame) if isinstance(frame, str) else socket.send_bytes(frame)
                )
            await socket.close(code, reason)


def _answer(codec: Codec, error: WirescribeError) -> Response:
    """Return a refusal in the dialect's words, with the headers that HTTP itself knows."""
    denial = codec.denial(error)
    if denial is None:
        return refusal(error)
    headers = {**refusal_headers(error), **denial.headers}
    return JSONResponse(dict(denial.body), denial.status, headers)


def _for_another(socket: WebSocket, service: Service) -> bool:
    """Whether somebody stands before us who may ask another server, and this one takes nobody."""
    names = {name for name, _ in socket.scope.get("headers", ())}
    return service.lifecycle.life is not Life.READY and bool(names & _FORWARDED)


def _quotas(service: Service, credentials: Credentials, error: WirescribeError) -> dict[str, str]:
    """Say how the client's quotas stand: its key's, too, where that has been found good."""
    known = isinstance(error, QuotaExceeded | Overloaded) and error.field != "connections"
    principal = service.gate.screen(credentials) if known else None
    return service.admission.headers(principal or ANONYMOUS, credentials.peer.address)
