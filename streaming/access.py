"""HTTP's side of coming in: who asks, how a refusal is said, and the route that makes tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streaming.auth.gate import TokenRequest
from streaming.auth.tokens import check_text
from streaming.errors import (
    BadConfiguration,
    BadMessage,
    MessageTooBig,
    NotAuthorised,
    OriginRefused,
    WirescribeError,
    shown,
)
from streaming.principal import Principal
from streaming.service import Service
from streaming.transports.native import error_fields

PROBES: Final = frozenset({"/livez", "/healthz", "/readyz", "/health"})
"""Asked by who runs the server, by whatever name it reaches it; they tell nothing of clients."""

_LARGEST_BODY: Final = 4_096
_FIELDS: Final = ("ttl_s", "max_session_s", "origin", "sub")


def authorise(connection: HTTPConnection, service: Service) -> Principal:
    """Return who asks over HTTP; NotAuthorised or OriginRefused when it may not.

    A route need not catch them: :func:`refused` answers whatever Wirescribe's errors it raises.
    """
    return service.gate.check(service.gate.read(connection.scope))


async def refused(request: Request, error: Exception) -> Response:
    """Answer a request with the reason it can't be served: Starlette's handler for our errors."""
    if not isinstance(error, WirescribeError):
        raise TypeError(f"{type(error).__name__} is no reason to give")
    return refusal(error)


def refusal(error: WirescribeError) -> Response:
    """Return an error as HTTP says it: its status, the reason as JSON, and when to come back."""
    return JSONResponse({"error": error_fields(error)}, error.http_status, refusal_headers(error))


def refusal_headers(error: WirescribeError) -> dict[str, str]:
    """Return what HTTP itself knows of a refusal, whatever form the reason is given in."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, NotAuthorised):
        headers["WWW-Authenticate"] = 'Bearer realm="wirescribe"'
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, -(-error.retry_after_ms // 1000)))
    return headers


class NamesOnly:
    """Serves HTTP only by names that are the server's own, so that no page takes it for its own.

    Without it, a page whose name server points it at this machine would be let in as this
    machine's (DNS rebinding). WebSockets are looked at by the gate, with all else about them.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say that this is no name of ours."""
        if scope["type"] == "http" and scope["path"] not in PROBES:
            try:
                self._service.gate.check_host(self._service.gate.read(dict(scope)))
            except OriginRefused as error:
                await refusal(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Tokens:
    """``POST /v1/tokens``: a short-lived token for who holds an API key."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def create(self, request: Request) -> Response:
        """Make one; its limits stand in a JSON object, each of them optional."""
        credentials = self._service.gate.read(request.scope)
        self._service.gate.check(credentials)  # before anything is read
        asked = _asked(_parsed(await _body(request)))
        token, expires_at = self._service.gate.issue(credentials, asked)
        return JSONResponse(
            {"token": token, "expires_at": expires_at}, 201, {"Cache-Control": "no-store"}
        )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise MessageTooBig(f"body: more than {_LARGEST_BODY} bytes", field="body")
    return bytes(body)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadMessage("body: is not JSON", field="body") from None
    if not isinstance(fields, dict):
        raise BadMessage("body: is not an object", field="body")
    return fields


def _asked(fields: Mapping[str, Any]) -> TokenRequest:
    # Elsewhere unknown fields are ignored. A misspelt limit, ignored, would be no limit.
    if unknown := fields.keys() - set(_FIELDS):
        name = shown(min(unknown))
        raise BadConfiguration(f"{name} is not one of {', '.join(_FIELDS)}", field="body")
    return TokenRequest(
        ttl_s=_seconds(fields, "ttl_s"),
        max_session_s=_seconds(fields, "max_session_s"),
        origin=_text(fields, "origin"),
        subject=_text(fields, "sub") or "",
    )


def _seconds(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise BadConfiguration(f"{name}: {shown(value)} is not 1 or more, in seconds", field=name)
    return value


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise BadConfiguration(f"{name}: {shown(value)} is not text", field=name)
    try:
        return check_text(name, value)
    except ValueError as error:
        raise BadConfiguration(str(error), field=name) from None
