"""Coded audio on its way from a codec to the session: decoded, in order with everything else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing

from streaming.limits import ConnectionGuard
from streaming.media.live import LiveDecoder, LiveDecoders
from streaming.transports.codec import Codec, Coded, Command, End, Finalize

_PATIENCE_S = 1.0


class Unpacking:
    """One connection's. It has a decoder from its first coded audio on, if any comes.

    Whoever doesn't take what comes out holds up what comes in, and so the client at last.
    """

    def __init__(self, codec: Codec, decoders: LiveDecoders) -> None:
        self._codec = codec
        self._decoders = decoders
        self._decoder: LiveDecoder | None = None

    async def through(
        self, commands: Iterable[Command], guard: ConnectionGuard
    ) -> AsyncIterator[Sequence[Command]]:
        """Yield what a message says, with sound in the place of what is coded.

        Raises what its audio can't be decoded for. Meanwhile the client owes no sign of life.
        """
        if self._codec.coding is None:
            yield list(commands)
            return
        for command in commands:
            match command:
                case Coded(data):
                    blocks = (await self._open(guard)).push(data)
                case Finalize() if self._decoder is not None:
                    blocks = self._decoder.flush()
                case End() if self._decoder is not None:
                    blocks = self._decoder.finish()
                case _:
                    yield [command]
                    continue
            async with aclosing(blocks) as each:
                async for block in each:
                    yield self._codec.decoded(block)
            guard.message(0, time.monotonic())
            if not isinstance(command, Coded):
                yield [command]

    async def _open(self, guard: ConnectionGuard) -> LiveDecoder:
        if self._decoder is None:
            coding = self._codec.coding
            assert coding is not None  # noqa: S101 - through() has looked
            opening = asyncio.ensure_future(self._decoders.open(coding))
            try:
                while not opening.done():
                    await asyncio.wait((opening,), timeout=_PATIENCE_S)
                    guard.message(0, time.monotonic())
            except BaseException:
                opening.cancel()
                opening.add_done_callback(_close)
                raise
            self._decoder = opening.result()
        return self._decoder

    def close(self) -> None:
        """Let go of the decoder."""
        if self._decoder is not None:
            self._decoder.close()


def _close(opening: asyncio.Future[LiveDecoder]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
