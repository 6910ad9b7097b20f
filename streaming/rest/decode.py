"""A recording to its finals: decoded by FFmpeg in a process of its own, heard by a session.

Behind everybody who speaks, and as fast as the workers allow: many segments of it are in one batch
(:func:`streaming.transcriber.full_speed`).
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO, cast
from typing import Final as Constant

from streaming.audio.formats import AudioFormat
from streaming.errors import SessionTooLong
from streaming.events import Final
from streaming.media import Media, Sound, open_media
from streaming.options import SessionConfig
from streaming.rest.upload import Spool
from streaming.service import Service
from streaming.transcriber import Transcription, full_speed

_MOST_NAME_CHARS: Constant = 56  # of a file, in an error


@asynccontextmanager
async def opened(spool: Spool, *, mix: bool) -> AsyncIterator[Sound]:
    """Open an upload as sound; raises :class:`~streaming.media.MediaError`."""
    name = spool.name[-_MOST_NAME_CHARS:]
    opening = asyncio.ensure_future(
        asyncio.to_thread(open_media, cast(BinaryIO, spool.file), name=name, mix=mix)
    )
    try:
        media = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)  # the thread goes on; what it brings nobody wants
        raise
    sound = Sound(media, mix=mix, live=False)
    try:
        yield sound
    finally:
        await sound.close()


def _close(opening: asyncio.Future[Media]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class Recording:
    """One recording being transcribed; read its :meth:`finals` once, to the end.

    ``count`` hears of audio before it is taken, in milliseconds; what it raises ends the reading.
    """

    def __init__(
        self,
        service: Service,
        sound: Sound,
        config: SessionConfig,
        *,
        most_ms: int,
        count: Callable[[float], None],
    ) -> None:
        if sound.duration_ms is not None and sound.duration_ms > most_ms:
            raise _too_long(most_ms)
        self._sound = sound
        self._most_ms = most_ms
        self._count = count
        self._failure: Exception | None = None
        self._session = service.new_session(
            dataclasses.replace(config, audio=sound.format, partials=False)
        )
        self._transcription = Transcription(
            self._session,
            service.scheduler,
            self._counted(sound.format),
            full_speed(service.scheduler),
            background=True,
        )

    @property
    def transcription(self) -> Transcription:
        """What the scheduler knows of it."""
        return self._transcription

    @property
    def received_ms(self) -> int:
        """How much of it has been heard."""
        return self._session.received_ms

    @property
    def decoded_ms(self) -> int:
        """How much of it has its finals."""
        return self._session.decoded_ms

    @property
    def damage(self) -> str | None:
        """What could not be decoded, in words; known at the end."""
        return self._sound.damage

    async def finals(self) -> AsyncGenerator[Final]:
        """Yield the finals; raises what sound, ``count`` and decoding raise.

        Closing it early stops all work on it.
        """
        events = cast(AsyncGenerator[object], self._transcription.events())
        try:
            async for event in events:
                if self._failure is not None:
                    raise self._failure  # what was heard before it is of no use to anybody
                if isinstance(event, Final):
                    yield event
        finally:
            await events.aclose()

    async def _counted(self, audio: AudioFormat) -> AsyncIterator[bytes]:
        heard_bytes = 0
        try:
            async for data in self._sound:
                heard_bytes += len(data)
                if heard_bytes * 1000 > self._most_ms * audio.bytes_per_second:
                    raise _too_long(self._most_ms)
                self._count(len(data) * 1000 / audio.bytes_per_second)
                yield data
        except Exception as error:
            self._failure = error
            raise


def _too_long(most_ms: int) -> SessionTooLong:
    return SessionTooLong(f"file: more than {most_ms / 1000:g} s of sound", field="file")
