"""A port of its own for vosk's clients, which know no path: all that comes in there is theirs."""

from __future__ import annotations

from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH: Final = "/v1/vosk"


class VoskPort:
    """Leads every WebSocket of a port to :data:`PATH`, whatever its own path; 0: there is none."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what came to other ports as it is."""
        if not self._port or (scope.get("server") or ("", 0))[1] != self._port:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app({**scope, "path": PATH, "raw_path": PATH.encode()}, receive, send)
        else:
            answer = PlainTextResponse("This port is for vosk's clients: WebSocket only.\n", 426)
            answer.headers["Upgrade"] = "websocket"
            await answer(scope, receive, send)
