"""A recording to its finals: decoded by FFmpeg in a process of its own, heard by a session.

Behind everybody who speaks, and as fast as the workers allow: many segments of it are in one batch
(:func:`streaming.transcriber.full_speed`).
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import IO, BinaryIO, cast
from typing import Final as Constant

from streaming.audio.formats import AudioFormat
from streaming.errors import SessionTooLong
from streaming.events import Final
from streaming.media import Media, Sound, open_media
from streaming.options import SessionConfig
from streaming.service import Service
from streaming.transcriber import Transcription, full_speed

_MOST_NAME_CHARS: Constant = 56  # of a file, in an error


@asynccontextmanager
async def opened(
    file: IO[bytes], name: str, *, mix: bool, patience_s: float
) -> AsyncIterator[Sound]:
    """Open an upload as sound; raises :class:`~streaming.media.MediaError`.

    It is given up when no more sound has come of it for ``patience_s``.
    """
    handover = _Handover()
    try:
        media = await asyncio.to_thread(
            handover.give,
            lambda: open_media(
                cast(BinaryIO, file),
                name=name[-_MOST_NAME_CHARS:],
                mix=mix,
                patience_s=patience_s,
            ),
        )
    except asyncio.CancelledError:
        handover.refuse()  # the thread goes on; what it brings nobody wants
        raise
    sound = Sound(media, mix=mix, live=False)
    try:
        yield sound
    finally:
        await sound.close()


class _Handover:
    """Media on its way from the thread that opens it: closed where nobody waits any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._media: Media | None = None
        self._refused = False

    def give(self, make: Callable[[], Media]) -> Media:
        """Open it, in the thread."""
        media = make()
        with self._lock:
            self._media = media
            if self._refused:
                media.close()
        return media

    def refuse(self) -> None:
        """Nobody waits."""
        with self._lock:
            self._refused = True
            if self._media is not None:
                self._media.close()


class Recording:
    """One recording being transcribed; read its :meth:`finals` once, to the end.

    ``count`` hears of audio before it is taken, in milliseconds; what it raises ends the reading.
    What lies before ``from_ms`` is passed over: it has been heard already.
    """

    def __init__(
        self,
        service: Service,
        sound: Sound,
        config: SessionConfig,
        *,
        most_ms: int,
        count: Callable[[float], Awaitable[None]],
        from_ms: int = 0,
    ) -> None:
        if sound.duration_ms is not None and sound.duration_ms > most_ms:
            raise _too_long(most_ms)
        self._sound = sound
        self._most_ms = most_ms
        self._count = count
        self._from_ms = from_ms
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
        return self._from_ms + self._session.received_ms

    @property
    def decoded_ms(self) -> int:
        """How much of it has its finals."""
        return self._from_ms + self._session.decoded_ms

    @property
    def duration_ms(self) -> int | None:
        """How long it is, as far as its file tells; an estimate for some formats."""
        return self._sound.duration_ms

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
                    yield _later(event, self._from_ms)
        finally:
            await events.aclose()

    async def _counted(self, audio: AudioFormat) -> AsyncIterator[bytes]:
        heard_bytes = 0
        known_bytes = self._from_ms * audio.sample_rate // 1000 * audio.bytes_per_frame
        try:
            async for data in self._sound:
                known = max(0, known_bytes - heard_bytes)
                heard_bytes += len(data)
                if heard_bytes * 1000 > self._most_ms * audio.bytes_per_second:
                    raise _too_long(self._most_ms)
                if fresh := data[known:]:
                    await self._count(len(fresh) * 1000 / audio.bytes_per_second)
                    yield fresh
        except Exception as error:
            self._failure = error
            raise


def _later(final: Final, by_ms: int) -> Final:
    """Move a final and its words on in time."""
    if not by_ms:
        return final
    words = final.words and tuple(
        dataclasses.replace(
            word,
            start_ms=None if word.start_ms is None else word.start_ms + by_ms,
            end_ms=None if word.end_ms is None else word.end_ms + by_ms,
        )
        for word in final.words
    )
    return dataclasses.replace(
        final,
        start_ms=final.start_ms + by_ms,
        end_ms=final.end_ms + by_ms,
        voice_end_ms=final.voice_end_ms + by_ms,
        ended_at_ms=final.ended_at_ms + by_ms,
        words=words,
    )


def _too_long(most_ms: int) -> SessionTooLong:
    return SessionTooLong(f"file: more than {most_ms / 1000:g} s of sound", field="file")
