"""Decoders without FFmpeg: what comes in is sound already, as 16-bit PCM at 16 kHz.

For tests of whatever stands before a decoder, and shipped for those of anybody's own dialect.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import numpy as np

from streaming.errors import Overloaded
from streaming.media.live.base import Coding, LiveDecoder, undecodable

DAMAGED = b"damaged"
"""What can't be decoded."""

_BLOCK_BYTES = 32_000


class FakeDecoder:
    """One stream; it holds back the last ``held`` bytes until it is flushed, as resamplers do."""

    def __init__(self, coding: Coding, held: int = 0) -> None:
        self.coding = coding
        self.closed = False
        self.finished = False
        self._held = held
        self._rest = b""

    async def push(self, data: bytes) -> AsyncGenerator[bytes]:
        """Take samples; yield them as floats."""
        if data == DAMAGED:
            raise undecodable("is damaged")
        known = self._rest + data
        certain = max(0, len(known) - self._held) // 2 * 2
        self._rest = known[certain:]
        for at in range(0, certain, _BLOCK_BYTES):
            yield _floats(known[at : min(certain, at + _BLOCK_BYTES)])

    async def flush(self) -> AsyncGenerator[bytes]:
        """Yield what is held back."""
        rest, self._rest = self._rest, b""
        if len(rest) > 1:
            yield _floats(rest[: len(rest) // 2 * 2])

    async def finish(self) -> AsyncGenerator[bytes]:
        """Yield what is held back."""
        self.finished = True
        async for block in self.flush():
            yield block

    def close(self) -> None:
        """Note that nobody wants it any more."""
        self.closed = True


class FakeDecoders:
    """As many decoders as allowed; ``opened`` are all there were."""

    def __init__(self, most: int = 1_000, held: int = 0) -> None:
        self.opened: list[FakeDecoder] = []
        self._most = most
        self._held = held

    async def open(self, coding: Coding) -> LiveDecoder:
        """Return another one."""
        if len([each for each in self.opened if not each.closed]) >= self._most:
            raise Overloaded("all decoders are taken", retry_after_ms=1_000)
        self.opened.append(FakeDecoder(coding, self._held))
        return self.opened[-1]

    async def stop(self) -> None:
        """Close all there are."""
        self._most = 0
        for decoder in self.opened:
            decoder.close()


def _floats(data: bytes) -> bytes:
    floats = np.frombuffer(data, "<i2").astype("<f4") / np.float32(32_768)
    return floats.tobytes()
