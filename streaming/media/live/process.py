"""One decoding process as the server has it: asked over a pipe, waited for, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import streaming
from streaming.errors import Overloaded
from streaming.logs import get_logger
from streaming.media.base import MediaError
from streaming.media.live import wire
from streaming.media.live.base import Coding, undecodable
from streaming.media.live.wire import Ask, Tell

_log = get_logger(__name__)

_PACKAGE_PARENT: Final = Path(streaming.__file__).resolve().parent.parent
_UNREAD_BYTES: Final = 1 << 18  # then the pipe fills, and the process waits
STALLED_S: Final = 8.0
"""The longest between two messages: shorter than clients may be silent, decoding is no excuse."""

START_S: Final = 20.0  # of a machine that is busy with something else


class DecoderProcess:
    """One process; :meth:`start` makes it, and it has one stream in its life.

    Reading is what lets it go on: who takes no blocks holds it up, and no more than a pipe's worth
    of sound is ahead of him.
    """

    def __init__(self, process: Process, *, stalled_s: float) -> None:
        self._process = process
        self._stalled_s = stalled_s
        self._closed = False

    @classmethod
    async def start(cls, *, stalled_s: float = STALLED_S) -> DecoderProcess:
        """Start one and wait until it can decode; Overloaded where the system has no more."""
        # The server's settings hold secrets that a decoder has no use for.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WIRESCRIBE_")}
        paths = [str(_PACKAGE_PARENT), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        environment["OPENBLAS_NUM_THREADS"] = "1"
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "streaming.media.live.worker"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=environment,
                limit=_UNREAD_BYTES,
            )
        except OSError as error:
            raise _no_more() from error
        it = cls(process, stalled_s=START_S)
        try:
            async for _ in it._answer():
                pass
        except MediaError as error:
            await it.gone()
            raise _no_more() from error
        except BaseException:
            it.close()
            await it.gone()
            raise
        it._stalled_s = stalled_s
        return it

    @property
    def alive(self) -> bool:
        """Whether it can be asked anything."""
        return not self._closed and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The system's number of it."""
        return self._process.pid

    async def take(self, coding: Coding) -> None:
        """Have it decode a stream."""
        async for _ in self._asked(Ask.CODING, wire.pack_coding(coding)):
            pass

    def push(self, data: bytes) -> AsyncGenerator[bytes]:
        """Take what a client sent; yield what is now certain."""
        return self._asked(Ask.DATA, data)

    def flush(self) -> AsyncGenerator[bytes]:
        """Yield what is held back of what was decoded."""
        return self._asked(Ask.FLUSH)

    def finish(self) -> AsyncGenerator[bytes]:
        """Yield the rest."""
        return self._asked(Ask.END)

    def close(self) -> None:
        """End it, whatever it does."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def hang_up(self) -> None:
        """Say nothing more: it ends when it has noticed."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def gone(self) -> None:
        """Wait until there is nothing left of it, neither process nor pipes."""
        self.hang_up()
        await self._process.wait()
        # asyncio leaves a pipe open that is full of what nobody has read.
        self._process._transport.close()  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    async def _asked(self, kind: Ask, payload: bytes = b"") -> AsyncGenerator[bytes]:
        pipe = self._process.stdin
        if self._closed or pipe is None:
            raise undecodable("has ended")
        # Not waited for: it reads all of a question before it answers, and one is all that waits.
        pipe.write(wire.packed(kind, payload))
        async for block in self._answer():
            yield block

    async def _answer(self) -> AsyncGenerator[bytes]:
        while True:
            try:
                async with asyncio.timeout(self._stalled_s):
                    kind, payload = await self._read()
            except TimeoutError:
                _log.warning("decoder_stalled", waited_s=self._stalled_s)
                self.close()
                raise undecodable("can't be decoded: the decoder does not come to an end") from None
            except (asyncio.IncompleteReadError, ConnectionError, ValueError):
                _log.warning("decoder_died")
                self.close()
                raise undecodable("can't be decoded: it brings the decoder down") from None
            if kind is Tell.READY:
                return
            if kind is Tell.FAILED:
                self.close()
                field, _, message = payload.decode(errors="replace").partition("\n")
                raise MediaError(message, field=field)
            yield payload

    async def _read(self) -> tuple[Tell, bytes]:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - asked for with PIPE
        letter, length = wire.unpacked(await pipe.readexactly(wire.HEADER.size))
        return Tell(letter), await pipe.readexactly(length)


def _no_more() -> Overloaded:
    return Overloaded("no further decoder could be started", retry_after_ms=5_000)
