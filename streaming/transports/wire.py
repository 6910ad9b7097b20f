"""uvicorn's HTTP and WebSocket, with bounds where they have none.

What a stranger can do before any of our own code is asked: open a connection and say nothing,
send a request a byte a minute, send a message in endless empty pieces, ask for pongs and never
read them. Each is closed, or left out, here.
"""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

_MOST_FRAGMENTS: Final = 4_096
"""Pieces of one message; our largest message in pieces of 4 KiB are a quarter of that."""

_MOST_UNREAD_BYTES: Final = 65_536
"""What may wait in a socket when another pong comes; beyond it pongs are left out (RFC 6455, 5.5.3:
only the latest ping wants an answer)."""


class HttpProtocol(H11Protocol):
    """HTTP/1.1 in which a request has to be complete in time.

    The time for the head of a request counts from the connection, or from its first byte where
    another request went before. Within a body it counts from the last piece: a long upload may
    take its time, as long as it goes on.
    """

    request_timeout_s: float = 10.0
    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        super().data_received(data)
        if self.transport.get_protocol() is not self or self.transport.is_closing():
            self._got_it()
        elif self.conn.their_state is h11.IDLE:
            if self._overdue is None:
                self._wait()
        elif self.conn.their_state is h11.SEND_BODY:
            self._got_it()
            self._wait()
        else:
            self._got_it()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._got_it()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._overdue = self.loop.call_later(self.request_timeout_s, self._give_up)

    def _got_it(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        """Hang up; a request that is being answered already is none that is missing."""
        self._overdue = None
        if self.flow is not None and self.flow.read_paused:
            self._wait()  # it is we who don't read
        else:
            self.transport.close()


def http_protocol(request_timeout_s: float) -> type[HttpProtocol]:
    """Return the protocol with its time for a request."""
    return type("HttpProtocol", (HttpProtocol,), {"request_timeout_s": request_timeout_s})


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose messages come in a bounded number of pieces, and whose pongs don't pile up.

    Text that is not UTF-8 closes it with 1007 and without a line in the log: it is no error here.
    """

    def handle_cont(self, event: Frame) -> None:
        """Take another piece of a message."""
        if len(self.frames) >= _MOST_FRAGMENTS:
            self.frames = []
            self._fail(CloseCode.POLICY_VIOLATION, "too many fragments")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, unless the answers before it are not read."""
        if self.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
            self.conn.data_to_send()
            return
        super().handle_ping()

    def send_receive_event_to_app(self) -> None:
        """Hand over a message that is complete."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            data = b"".join(self.frames)
            try:
                data.decode()
            except UnicodeDecodeError:
                self.frames = []
                self._fail(CloseCode.INVALID_DATA, "not UTF-8")
                return
            self.frames = [data]
        super().send_receive_event_to_app()

    def _fail(self, code: CloseCode, reason: str) -> None:
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()
