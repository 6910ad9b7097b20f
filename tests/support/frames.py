"""WebSocket frames and handshakes written by hand, so that they can be wrong in every way.

No library stands between a test and the wire: a frame may lie about its length, lack its mask, or
never end. Frames are those of RFC 6455, section 5.2.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
WAIT_S = 30.0


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = b"\0\0\0\0",
    claimed: int | None = None,
    wide: bool = False,
) -> bytes:
    """One frame. ``rsv`` are the three reserved bits, ``claimed`` the length it pretends to have.

    ``mask`` None leaves it unmasked; ``wide`` writes a short length in eight bytes.
    """
    length = len(payload) if claimed is None else claimed
    bit = 0x80 if mask is not None else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if length > 65_535 or wide:
        head += bytes([bit | 127]) + struct.pack("!Q", length)
    elif length > 125:
        head += bytes([bit | 126]) + struct.pack("!H", length)
    else:
        head += bytes([bit | length])
    if mask is not None and any(mask):
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + (mask or b"") + payload


def request(
    path: str = "/v1/stream", headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> bytes:
    """An upgrade request; ``headers`` replace those it has, an empty one leaves it out."""
    fields = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **(headers or {}),
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items() if v)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class RawSocket:
    """One TCP connection to a server, and what is written to it by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.response = b""

    async def upgrade(self, path: str, headers: Mapping[str, str] | None = None) -> None:
        """Shake hands; AssertionError when the server does not agree."""
        self.writer.write(request(path, headers))
        async with asyncio.timeout(WAIT_S):
            self.response = await self.reader.readuntil(b"\r\n\r\n")
        assert self.response.startswith(b"HTTP/1.1 101 "), self.response

    async def send(self, data: bytes) -> bool:
        """Write and wait until the system has taken it; False when the server has hung up."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            return False
        return not self.writer.is_closing()

    async def rest(self, wait_s: float = WAIT_S) -> bytes:
        """All that the server says until it hangs up, which it must."""
        said = bytearray()
        async with asyncio.timeout(wait_s):
            with contextlib.suppress(ConnectionError):
                while piece := await self.reader.read(65_536):
                    said += piece
        return bytes(said)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame that the server sends: opcode and payload."""
        async with asyncio.timeout(WAIT_S):
            head = await self.reader.readexactly(2)
            length = head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return head[0] & 0x0F, await self.reader.readexactly(length)

    async def close_code(self) -> int:
        """Read up to the server's close frame; its code, or 1006 when it hangs up without one."""
        try:
            while True:
                opcode, payload = await self.frame()
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big") if payload else 1005
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006

    def vanish(self) -> None:
        """Reset the connection: the server gets no farewell."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@asynccontextmanager
async def raw(port: int, *, receive_buffer: int | None = None) -> AsyncIterator[RawSocket]:
    """Connect to the loopback; the socket is gone behind the block."""
    plain = socket.socket()
    if receive_buffer is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
        # What is not asked for is not read: the server must live with a client that doesn't.
        reader, writer = await asyncio.open_connection(sock=plain, limit=65_536)
    except BaseException:
        plain.close()
        raise
    try:
        yield RawSocket(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def shaken(
    port: int,
    path: str = "/v1/stream",
    headers: Mapping[str, str] | None = None,
    *,
    receive_buffer: int | None = None,
) -> AsyncIterator[RawSocket]:
    """A WebSocket that is open, with nothing sent yet."""
    async with raw(port, receive_buffer=receive_buffer) as it:
        await it.upgrade(path, headers)
        yield it
