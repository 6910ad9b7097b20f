"""A WebSocket that costs little: the harness shares the machine with the server that it measures.

A bare transport under ``websockets``' protocol without I/O: no queue, no task and no JSON for a
message. Text frames are kept as they came, each with the moment at which it was read off the
socket; whoever wants to know what they say parses them afterwards. Whole text frames, which is what
a server sends, don't even reach the protocol; everything else does, and is judged there.
Audio is framed here, with a masking key of zeros: the peer is on this machine, and XOR with zeros
need not be computed.
"""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from load.wire import Bytes
from streaming.client.errors import ConnectError

_RECEIVED_MESSAGE_BYTES = 4 * 1024 * 1024
_NO_KEY = bytes(4)
_WHOLE_TEXT = 0x81
_MOST_HEAD_BYTES = 65_536


class Socket(asyncio.Protocol):
    """One client connection. ``texts`` holds (moment, text frame) in the order of arrival."""

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        loop = asyncio.get_running_loop()
        self.texts: list[tuple[float, bytes]] = []
        self.spoke: asyncio.Event = asyncio.Event()
        """Set with every text frame; whoever waits for one clears it."""
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.most_unsent_bytes = 0
        self.binary = False
        """Whether the server sent a binary frame, which it never may."""
        self._now = now
        self._parts: list[bytes] = []
        self._unread = bytearray()
        self._upgraded = False
        self._refused = False
        self._protocol = ClientProtocol(parse_uri(url), max_size=_RECEIVED_MESSAGE_BYTES)
        self._transport: asyncio.Transport | None = None

    @property
    def close_code(self) -> int | None:
        """How it was closed; ``None`` while it is open, 1006 without a close frame."""
        return self._protocol.close_code if self.closed.done() else None

    @property
    def close_reason(self) -> str:
        """What the close frame said."""
        return (self._protocol.close_reason or "") if self.closed.done() else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Takes in bytes; whatever they complete arrived now."""
        at = self._now()
        self._unread += data
        if not self._upgraded and not self._upgrade(at):
            return
        while (end := _frame_end(self._unread)) is not None:
            frame = bytes(self._unread[: end[1]])
            del self._unread[: end[1]]
            ordinary = end[0] and frame[0] == _WHOLE_TEXT and not frame[1] & 0x80
            if ordinary and not self._parts and self._protocol.state is State.OPEN:
                self.texts.append((at, frame[end[0] :]))
                self.spoke.set()
            else:
                self._delegate(frame, at)

    def _upgrade(self, at: float) -> bool:
        """Hands over the answer to the handshake, and nothing of the frames that follow it."""
        end = self._unread.find(b"\r\n\r\n")
        if end < 0 and len(self._unread) < _MOST_HEAD_BYTES and not self._refused:
            return False
        head = bytes(self._unread if end < 0 or self._refused else self._unread[: end + 4])
        del self._unread[: len(head)]
        self._delegate(head, at)
        self._upgraded = self.opened.done() and self.opened.exception() is None
        if not self._upgraded:
            # What follows is the rest of a refusal.
            self._refused = True
            self._delegate(bytes(self._unread), at)
            self._unread.clear()
        return self._upgraded

    def _delegate(self, data: bytes, at: float) -> None:
        """Lets the protocol judge what isn't the ordinary: handshake, pings, closes, pieces."""
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take(event, at)
            elif isinstance(event, Response):
                self._answered()

    def eof_received(self) -> bool:
        """The server's side is closed; so is ours."""
        self._protocol.receive_eof()
        self._flush()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more comes."""
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
        self._answered(lost=True)
        if not self.closed.done():
            self.closed.set_result(None)
        self.spoke.set()

    def send_audio(self, audio: Bytes) -> None:
        """Hands over one binary message; what the server doesn't take yet waits in memory."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        length = len(audio)
        if length < 126:
            head = bytes((0x82, 0x80 | length))
        elif length < 65536:
            head = bytes((0x82, 0xFE)) + length.to_bytes(2, "big")
        else:
            head = bytes((0x82, 0xFF)) + length.to_bytes(8, "big")
        transport.write(b"".join((head, _NO_KEY, audio)))
        unsent = transport.get_write_buffer_size()
        if unsent > self.most_unsent_bytes:
            self.most_unsent_bytes = unsent

    def send_text(self, message: str) -> None:
        """Sends one text message; into the void where the socket is closed."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(message.encode())
            self._flush()

    def pause(self) -> None:
        """Stops reading: what the server sends stays where it is."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def abort(self) -> None:
        """Closes at once, without a word."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def _take(self, frame: Frame, at: float) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self.texts.append((at, bytes(frame.data)))
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if not frame.fin:
                return
            self.texts.append((at, b"".join(self._parts)))
            self._parts.clear()
        elif frame.opcode is Opcode.BINARY:
            self.binary = True
        else:
            return
        self.spoke.set()

    def _answered(self, *, lost: bool = False) -> None:
        if self.opened.done():
            return
        fault = self._protocol.handshake_exc
        if isinstance(fault, InvalidStatus):
            status = fault.response.status_code
            self.opened.set_exception(
                ConnectError(
                    f"the server answered the upgrade with HTTP {status}", http_status=status
                )
            )
        elif fault is not None or lost:
            self.opened.set_exception(ConnectError("the server is not a WebSocket server"))
        else:
            self.opened.set_result(None)

    def _flush(self) -> None:
        transport = self._transport
        if transport is None:
            return
        for data in self._protocol.data_to_send():
            if data:
                transport.write(data)
            elif transport.can_write_eof() and not transport.is_closing():
                transport.write_eof()


def _frame_end(data: bytearray) -> tuple[int, int] | None:
    """Where a frame's payload begins and where it ends; ``None`` as long as it isn't all there.

    RFC 6455, 5.2. One that is too long has no payload: the protocol refuses it by its head.
    """
    if len(data) < 2:
        return None
    length, head = data[1] & 0x7F, 2
    if length >= 126:
        wide = 2 if length == 126 else 8
        head += wide
        if len(data) < head:
            return None
        length = int.from_bytes(data[2:head], "big")
    if length > _RECEIVED_MESSAGE_BYTES:
        return 0, len(data)
    if data[1] & 0x80:
        head += 4
    return (head, head + length) if len(data) >= head + length else None


async def open_socket(
    url: str,
    now: Callable[[], float],
    *,
    timeout_s: float = 10.0,
    receive_buffer_bytes: int | None = None,
) -> Socket:
    """Connects and upgrades; ``ConnectError`` where that can't be had.

    ``receive_buffer_bytes`` sets the kernel's buffer, for clients that are to be slow.
    """
    loop = asyncio.get_running_loop()
    address = parse_uri(url)
    socket = Socket(url, now)
    try:
        async with asyncio.timeout(timeout_s):
            if receive_buffer_bytes is None:
                await loop.create_connection(
                    lambda: socket, address.host, address.port, ssl=address.secure or None
                )
            else:
                raw = await _small_socket(address.host, address.port, receive_buffer_bytes)
                await loop.create_connection(lambda: socket, sock=raw)
            await socket.opened
    except TimeoutError as slow:
        socket.abort()
        raise ConnectError(f"no answer within {timeout_s:g} s") from slow
    except OSError as failed:
        raise ConnectError(failed.strerror or "connection failed") from failed
    except ConnectError:
        socket.abort()
        raise
    return socket


async def _small_socket(host: str, port: int, receive_buffer_bytes: int) -> sockets.socket:
    loop = asyncio.get_running_loop()
    family, kind, number, _, target = (
        await loop.getaddrinfo(host, port, type=sockets.SOCK_STREAM)
    )[0]
    raw = sockets.socket(family, kind, number)
    try:
        # Before connecting: the window that is offered depends on it.
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer_bytes)
        raw.setblocking(False)
        await loop.sock_connect(raw, target)
    except BaseException:
        raw.close()
        raise
    return raw
