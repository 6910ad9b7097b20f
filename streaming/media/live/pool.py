"""The decoding processes of a server: as many as there are coded streams, and one in reserve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from streaming.errors import Overloaded, WirescribeError
from streaming.logs import get_logger
from streaming.media.live.base import Coding, LiveDecoder
from streaming.media.live.process import STALLED_S, DecoderProcess

_log = get_logger(__name__)

_STARTING: Final = 2  # at a time: each takes a third of a second of a core, which others speak in


class PooledDecoder:
    """One stream's decoder; its place is free again when its process is gone."""

    def __init__(self, process: DecoderProcess, pool: DecoderPool) -> None:
        self._process = process
        self._pool = pool

    def push(self, data: bytes) -> AsyncGenerator[bytes]:
        """Take what a client sent; yield what is now certain."""
        return self._process.push(data)

    def flush(self) -> AsyncGenerator[bytes]:
        """Yield what is held back of what was decoded."""
        return self._process.flush()

    def finish(self) -> AsyncGenerator[bytes]:
        """Yield the rest."""
        return self._process.finish()

    def close(self) -> None:
        """End the process."""
        self._pool.part(self._process)


class DecoderPool:
    """Starts processes ahead of who needs them, from the first one on that is needed.

    A server without coded streams has no process. ``most`` bounds those with a stream.
    """

    def __init__(self, most: int, *, stalled_s: float = STALLED_S) -> None:
        self._most = most
        self._stalled_s = stalled_s
        self._busy: set[DecoderProcess] = set()
        self._opening = 0
        self._spare: asyncio.Task[DecoderProcess] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Semaphore(_STARTING)
        self._stopped = False

    @property
    def active(self) -> int:
        """Processes that have, or have had, a stream, and are not gone yet."""
        return len(self._busy) + self._opening

    @property
    def pids(self) -> list[int]:
        """The system's numbers of all there are, the one in reserve among them."""
        spare = [self.spare_pid] if self.spare_pid else []
        return [process.pid for process in self._busy] + spare

    @property
    def spare_pid(self) -> int | None:
        """That of the one in reserve, once it has started."""
        spare = self._spare
        if spare is None or not spare.done() or spare.cancelled() or spare.exception():
            return None
        return spare.result().pid

    async def open(self, coding: Coding) -> LiveDecoder:
        """Return a decoder; Overloaded where there are as many as there may be."""
        if self.active >= self._most or self._stopped:
            raise Overloaded(
                f"all {self._most} decoders for compressed audio are taken; send raw audio, or "
                "try again",
                retry_after_ms=5_000,
            )
        self._opening += 1
        try:
            process = await self._take()
        finally:
            self._opening -= 1
        self._busy.add(process)
        if self._spare is None and not self._stopped:
            self._spare = asyncio.create_task(self._start())
        try:
            await process.take(coding)
        except BaseException:
            self.part(process)
            raise
        return PooledDecoder(process, self)

    def part(self, process: DecoderProcess) -> None:
        """End a process; harmless when repeated."""
        process.close()
        if process in self._busy and not any(
            task.get_name() == _name(process) for task in self._leaving
        ):
            task = asyncio.create_task(self._bury(process), name=_name(process))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def stop(self) -> None:
        """End all of them and wait until they are gone."""
        self._stopped = True
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.cancel()
            (left,) = await asyncio.gather(spare, return_exceptions=True)
            if isinstance(left, DecoderProcess):
                left.close()
                await left.gone()
        for process in list(self._busy):
            self.part(process)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _take(self) -> DecoderProcess:
        spare, self._spare = self._spare, None
        if spare is not None:
            try:
                process = await spare
            except WirescribeError:
                _log.warning("spare_decoder_failed")
            else:
                if process.alive:
                    return process
                await process.gone()
        return await self._start()

    async def _start(self) -> DecoderProcess:
        async with self._starting:
            return await DecoderProcess.start(stalled_s=self._stalled_s)

    async def _bury(self, process: DecoderProcess) -> None:
        await process.gone()
        self._busy.discard(process)


def _name(process: DecoderProcess) -> str:
    return f"bury-{id(process)}"
