"""What one client says, read from its socket as the dialect's commands."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from starlette.websockets import WebSocket

from streaming.errors import BadMessage
from streaming.limits import LEAST_BYTES, ConnectionGuard
from streaming.transports.codec import Audio, Codec, Coded, Command, End

_MOST_HELD_BYTES = 1 << 20


class Inbox:
    """Messages in the order they come; some can be held back while their sender waits.

    Each stays one: what is wrong with it is a matter of that message only.
    """

    def __init__(self, socket: WebSocket, codec: Codec, guard: ConnectionGuard) -> None:
        self._socket = socket
        self._codec = codec
        self.guard = guard
        self._held: deque[Sequence[Command]] = deque()
        self.left: int | None = None
        """The client's close code once it has gone."""

    def hold(self, commands: Sequence[Command]) -> None:
        """Give a message's commands back: they are taken next."""
        self._held.appendleft(commands)

    async def take(self) -> Sequence[Command] | None:
        """Return what the next message says; None when the client has gone."""
        if self._held:
            return self._held.popleft()
        if self.left is not None:
            return None
        return await self._next()

    async def listen(self) -> None:
        """Read on for a client that waits; return when it has no reason to wait any more.

        That is when it has gone, or has said ``end`` without having said anything else. What it
        says is kept, up to 1 MiB; more of it waits in the socket, and with it the news that it has
        gone, until its pings stay unanswered.
        """
        size, silent = 0, not any(_says(commands, Audio, Coded) for commands in self._held)
        while size <= _MOST_HELD_BYTES:
            commands, size = await self._next_sized(size)
            if commands is None:
                return
            self._held.append(commands)
            silent = silent and not _says(commands, Audio, Coded)
            if silent and _says(commands, End):
                return
        await asyncio.Event().wait()

    async def _next(self) -> Sequence[Command] | None:
        return (await self._next_sized(0))[0]

    async def _next_sized(self, size: int) -> tuple[Sequence[Command] | None, int]:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            self.left = message.get("code", 1006)
            return None, size
        text, data = message.get("text"), message.get("bytes")
        if data is not None:
            self.guard.message(len(data), time.monotonic())
            return self._codec.binary(data), size + max(len(data), LEAST_BYTES)
        if text is None:
            raise BadMessage("message: neither text nor binary", field="message")
        length = len(text.encode(errors="surrogatepass"))
        self.guard.message(length, time.monotonic())
        return self._codec.text(text), size + max(length, LEAST_BYTES)


def _says(commands: Sequence[Command], *kinds: type[Command]) -> bool:
    return any(isinstance(command, kinds) for command in commands)
