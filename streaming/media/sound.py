"""Blocks of sound for an event loop, read ahead by a thread of their own.

Decoding a file takes time and a silent pipe takes forever; neither may hold up the loop on which
answers arrive, nor keep the program from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable

import numpy as np

from streaming.audio import SAMPLE_RATE
from streaming.audio.formats import AudioFormat, Encoding
from streaming.media.base import Media

_AHEAD = 4  # blocks of up to a second


class Sound:
    """An open source: iterate once for bytes of ``format``; :attr:`damage` is known afterwards."""

    def __init__(self, media: Media, *, mix: bool, live: bool) -> None:
        self._media = media
        self._mix = mix
        self.live = live
        self.duration_ms = media.info.duration_ms
        self.format = AudioFormat(
            Encoding.PCM_F32LE, SAMPLE_RATE, 1 if mix else media.info.channels
        )
        self._blocks: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._free = threading.Semaphore(_AHEAD)
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def damage(self) -> str | None:
        """What could not be decoded, in words."""
        return self._media.damage

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._read, args=(loop.call_soon_threadsafe,), name="sound", daemon=True
        )
        self._thread.start()
        while (block := await self._blocks.get()) is not None:
            self._free.release()
            if isinstance(block, Exception):
                raise block
            yield block

    def finish(self) -> None:
        """End a live source now; what it has said is still delivered."""
        self._blocks.put_nowait(None)

    async def close(self) -> None:
        """Let go of the source; a pipe on which nothing arrives is left to itself."""
        self._closed = True
        self._free.release()
        if self._thread is None:
            self._media.close()
        elif not self.live:
            await asyncio.to_thread(self._thread.join)

    def _read(self, tell: Callable[..., object]) -> None:
        """Run in the thread: it alone touches the media, and closes it."""
        last: Exception | None = None
        # The loop may be gone by the time a pipe says something.
        with self._media, contextlib.suppress(RuntimeError):
            try:
                for block in self._media:
                    self._free.acquire()
                    if self._closed:
                        return
                    if self._mix and len(block) > 1:
                        block = block.mean(axis=0, keepdims=True, dtype=np.float32)
                    tell(self._blocks.put_nowait, block.T.tobytes())
            except Exception as error:
                last = error
            tell(self._blocks.put_nowait, last)
