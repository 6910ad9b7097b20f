"""What a decoding process is given, bit by bit: it asks for more only when it has used up all.

Asking is what tells the server that everything before has been decoded, so whoever waits for the
answer to one piece has all the sound that is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from streaming.media.live import wire
from streaming.media.live.wire import Ask, Tell


class ServerGone(Exception):
    """Nobody wants to hear any more."""


class Feed:
    """One stream's bytes as they come; ``flush`` is called when what is held back is wanted."""

    def __init__(self, source: IO[bytes], out: IO[bytes]) -> None:
        self._source = source
        self._out = out
        self._rest = b""
        self._ended = False
        self.flush: Callable[[], None] = lambda: None

    def tell(self, kind: Tell, payload: bytes = b"") -> None:
        """Say something, now."""
        self._out.write(wire.packed(kind, payload))
        self._out.flush()

    def ask(self) -> tuple[Ask, bytes]:
        """Say that all is done, and return what is asked for next."""
        self.tell(Tell.READY)
        question = wire.read(self._source)
        if question is None:
            raise ServerGone
        return question

    def next(self) -> bytes:
        """Return what comes next, in one piece as the client sent it; nothing at the end."""
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        while not self._ended:
            kind, payload = self.ask()
            if kind is Ask.DATA and payload:
                return payload
            if kind is Ask.FLUSH:
                self.flush()
            elif kind is Ask.END:
                self._ended = True
        return b""

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes, as files do: those there are, or else what comes next."""
        data = self.next()
        self._rest = data[size:]
        return data[:size]

    def put_back(self, data: bytes) -> None:
        """Give back what was only looked at."""
        self._rest = data + self._rest
