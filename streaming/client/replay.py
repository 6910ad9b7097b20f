"""The audio a session may still need: not sent yet, or sent and not yet settled text."""

from __future__ import annotations


class ReplayBuffer:
    """Bytes with absolute positions since the first one, and a cursor behind those sent.

    Positions are of whole frames: the bytes of an incomplete one wait until it is whole, so that a
    replay never begins within a sample. The bound is the caller's: it releases and drops.
    """

    def __init__(self, frame_bytes: int) -> None:
        self._frame_bytes = frame_bytes
        self._bytes = bytearray()
        self._odd = b""
        self.start = 0
        self.cursor = 0

    @property
    def end(self) -> int:
        """The position behind the last whole frame."""
        return self.start + len(self._bytes)

    @property
    def held(self) -> int:
        """Bytes held, sent or not."""
        return len(self._bytes)

    @property
    def unsent(self) -> int:
        """Bytes behind the cursor."""
        return self.end - self.cursor

    def append(self, chunk: bytes | memoryview) -> None:
        """Take bytes, cut anywhere."""
        joined = self._odd + bytes(chunk)
        whole = len(joined) - len(joined) % self._frame_bytes
        self._bytes += joined[:whole]
        self._odd = joined[whole:]

    def take(self, limit: int) -> bytes:
        """Return up to ``limit`` bytes from the cursor on, which moves behind them."""
        at = self.cursor - self.start
        piece = bytes(self._bytes[at : at + limit])
        self.cursor += len(piece)
        return piece

    def release(self, position: int) -> None:
        """Forget what lies before a position, but nothing that is still to be sent."""
        self._forget(min(position, self.cursor))

    def drop(self, position: int) -> None:
        """Forget what lies before a position, sent or not."""
        self._forget(min(position, self.end))
        self.cursor = max(self.cursor, self.start)

    def rewind(self, position: int) -> None:
        """Send again from a position, or from the first byte held behind it."""
        self.cursor = min(max(position, self.start), self.end)

    def _forget(self, position: int) -> None:
        whole = (position - self.start) // self._frame_bytes * self._frame_bytes
        if whole > 0:
            del self._bytes[:whole]
            self.start += whole
