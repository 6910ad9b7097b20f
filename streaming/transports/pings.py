"""A WebSocket with numbered pings, and honest about how it was lost.

The other side of :mod:`streaming.transports.receipts`: an ASGI extension made of what uvicorn's own
protocol has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from websockets.frames import Frame
from websockets.http11 import Request

from streaming.transports.receipts import EXTENSION
from streaming.transports.wire import WebSocketProtocol

_MARK = b"seq "  # uvicorn's own keep-alive pings carry four random bytes, ours a number behind this
_NUMBER_BYTES = 8


class PingingProtocol(WebSocketProtocol):
    """What uvicorn is to speak (its setting ``ws``)."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.heard: Callable[[int], None] = _nobody

    def handle_connect(self, event: Request) -> None:
        """Offer the extension to the application."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # there is none for a handshake that was refused
            extensions: dict[Any, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
        """Send for the application; a refusal that has been sent completes the handshake."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # uvicorn logs an error otherwise

    def ping(self, number: int) -> None:
        """Send a ping with a number; nothing where the socket is closing already."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_ping(_MARK + number.to_bytes(_NUMBER_BYTES, "big"))
        self.transport.write(b"".join(self.conn.data_to_send()))

    def handle_pong(self, event: Frame) -> None:
        """Tell who asked; others are uvicorn's."""
        data = bytes(event.data)
        if data.startswith(_MARK) and len(data) == len(_MARK) + _NUMBER_BYTES:
            self.heard(int.from_bytes(data[len(_MARK) :], "big"))
            return
        super().handle_pong(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say 1006 where no close came at all; uvicorn says 1005, which is one without a code."""
        self.handshake_complete = False
        super().connection_lost(exc)


def _nobody(number: int) -> None:
    """Who hears of pongs that nobody asked for."""
