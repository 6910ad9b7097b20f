"""How OpenAI's clients come in: ``/v1/realtime``, and the secrets that pages come in with."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from streaming.access import refusal_headers
from streaming.auth.gate import TokenRequest
from streaming.errors import (
    BadConfiguration,
    BadMessage,
    MessageTooBig,
    RequestError,
    WirescribeError,
    shown,
)
from streaming.service import Service
from streaming.transports.connection import Connection
from streaming.transports.openai_realtime.codec import OpenAIRealtimeCodec
from streaming.transports.openai_realtime.failures import error_object
from streaming.transports.openai_realtime.secrets import SUBPROTOCOL_KEY, unwrapped, wrapped
from streaming.transports.openai_realtime.wishes import Wishes, in_their_words

_BETA_HEADER: Final = b"openai-beta"
_BETA_SUBPROTOCOL: Final = "openai-beta.realtime-v1"
_LARGEST_BODY: Final = 16_384
_LIFE_S: Final = (10, 7_200)
_OPEN: Final = "open"  # a token's place where no key is asked for


class Realtime:
    """The routes of OpenAI's Realtime API."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        sessions = "/v1/realtime/transcription_sessions"
        return [
            WebSocketRoute("/v1/realtime", self.listen),
            Route("/v1/realtime/client_secrets", self.client_secret, methods=["POST"]),
            Route(sessions, self.transcription_session, methods=["POST"]),
        ]

    async def listen(self, socket: WebSocket) -> None:
        """``/v1/realtime``: hold one session."""
        scope = socket.scope
        offered: list[str] = scope.get("subprotocols") or []
        beta = _BETA_SUBPROTOCOL in offered or any(
            name == _BETA_HEADER and b"realtime=v1" in value for name, value in scope["headers"]
        )
        wishes = _wishes(_session_of(scope))
        defaults = self._service.session_defaults.endpointing
        codec = OpenAIRealtimeCodec(defaults, beta=beta, wishes=wishes)
        await Connection(socket, codec, self._service).run()

    async def client_secret(self, request: Request) -> Response:
        """``POST /v1/realtime/client_secrets``: a secret for a page, of who holds a key."""
        try:
            value, expires_at, session = await self._made(request, beta=False)
        except WirescribeError as error:
            return _refusal(error)
        return _answer({"value": value, "expires_at": expires_at, "session": session})

    async def transcription_session(self, request: Request) -> Response:
        """``POST /v1/realtime/transcription_sessions``: the same in the old beta's words."""
        try:
            value, expires_at, session = await self._made(request, beta=True)
        except WirescribeError as error:
            return _refusal(error)
        secret = {"value": value, "expires_at": expires_at}
        return _answer({**session, "client_secret": secret})

    async def _made(self, request: Request, *, beta: bool) -> tuple[str, int, dict[str, Any]]:
        service = self._service
        credentials = service.gate.read(request.scope)
        service.gate.check(credentials)  # before anything is read
        service.check_life()
        asked = await _body(request)
        if beta:
            session = {name: it for name, it in asked.items() if name != "client_secret"}
            secret = asked.get("client_secret") or {}
            life = secret.get("expires_at") if isinstance(secret, Mapping) else secret
        else:
            session, life = asked.get("session") or {}, asked.get("expires_after")
        wishes = Wishes().changed(session)
        defaults = service.session_defaults.endpointing
        try:
            service.parse_start(wishes.options(defaults))
        except RequestError as error:
            raise in_their_words(error, beta=beta) from None
        ttl_s = _seconds(life)
        if service.gate.protected:
            token, expires_at = service.gate.issue(credentials, TokenRequest(ttl_s=ttl_s))
        else:
            token, expires_at = _OPEN, int(time.time()) + (ttl_s or 600)
        value = wrapped(token, session)
        name = f"sess_{value[-12:]}"
        shown_session = wishes.shown(name, service.engine_info.model, defaults, beta=beta)
        return value, expires_at, shown_session


def _session_of(scope: Any) -> Mapping[str, Any]:
    """Return the session of a client secret; the token alone is left in the header."""
    headers = []
    session: Mapping[str, Any] = {}
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, secret = value.decode("latin-1").partition(" ")
            token, session = unwrapped(secret.strip())
            headers.append((name, f"{scheme} {token}".encode("latin-1")))
        else:
            headers.append((name, value))
    scope["headers"] = headers
    for offered in scope.get("subprotocols") or []:
        if offered.startswith(SUBPROTOCOL_KEY):
            session = session or unwrapped(offered.removeprefix(SUBPROTOCOL_KEY))[1]
    return session


def _wishes(session: Mapping[str, Any]) -> Wishes:
    """What a secret was made for; one that somebody has changed is for nothing in particular."""
    try:
        return Wishes().changed(session)
    except RequestError:
        return Wishes()


def _seconds(life: object) -> int | None:
    if life is None:
        return None
    value = life.get("seconds") if isinstance(life, Mapping) else life
    if value is None:
        return None
    low, high = _LIFE_S
    if type(value) is not int or not low <= value <= high:
        raise BadConfiguration(
            f"expires_after.seconds: {shown(value)} is not between {low} and {high}",
            field="expires_after.seconds",
        )
    return value


async def _body(request: Request) -> Mapping[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise MessageTooBig(f"body: more than {_LARGEST_BODY} bytes", field="body")
    try:
        fields = json.loads(bytes(body) or b"{}")
    except (ValueError, RecursionError):
        raise BadMessage("body: is not JSON", field="body") from None
    if not isinstance(fields, dict):
        raise BadMessage("body: is not an object", field="body")
    return fields


def _answer(fields: Mapping[str, Any]) -> Response:
    return JSONResponse(dict(fields), 200, {"Cache-Control": "no-store"})


def _refusal(error: WirescribeError) -> Response:
    return JSONResponse({"error": error_object(error)}, error.http_status, refusal_headers(error))
