"""Files through a server: connect, send, read, in one call."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from pathlib import Path
from typing import Unpack, cast

from streaming.client.connection import connect
from streaming.client.errors import ClientError
from streaming.client.events import Event
from streaming.client.link import Token
from streaming.client.options import StreamWishes, Wishes
from streaming.client.recording import Recording, open_recording
from streaming.client.stream import Stream
from streaming.client.sync import SyncStream, SyncToken, connect_sync

_PIECE_MS = 100


async def transcribe_file(
    url: str,
    path: str | Path,
    *,
    token: Token = None,
    separate: bool = False,
    real_time: bool = False,
    **wishes: Unpack[Wishes],
) -> AsyncGenerator[Event, None]:
    """Every event of a file's transcription, from ``Started`` to ``Ended``.

    ``separate``: the file's channels are people of their own, rather than one mixed sound.
    ``real_time``: at the pace at which it was spoken; else as fast as the server takes it. Raises
    ``RecordingError`` for the file and the stream's ``ClientError`` for everything else.
    """
    with open_recording(path, separate=separate) as recording:
        async with connect(url, token=token, **_told(recording, wishes)) as stream:
            sending = asyncio.create_task(_send(stream, recording, real_time=real_time))
            try:
                async for event in stream:
                    yield event
            except ClientError as error:
                if error.code != "aborted":
                    raise
                await sending  # raises why
                raise
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)


def transcribe_file_sync(
    url: str,
    path: str | Path,
    *,
    token: SyncToken = None,
    separate: bool = False,
    real_time: bool = False,
    **wishes: Unpack[Wishes],
) -> Generator[Event, None, None]:
    """As ``transcribe_file``, without an event loop."""
    with open_recording(path, separate=separate) as recording:
        connection = connect_sync(url, token=token, **_told(recording, wishes))
        with connection as stream:
            sender = _Sender(stream, recording, real_time=real_time)
            with closing(sender):
                try:
                    yield from stream
                except ClientError:
                    if sender.failure is not None:
                        raise sender.failure from None
                    raise


def _told(recording: Recording, wishes: Wishes) -> StreamWishes:
    told = cast(StreamWishes, dict(wishes))
    told["encoding"] = recording.encoding
    told["sample_rate"] = recording.sample_rate
    told["channels"] = recording.channels
    return told


class _Due:
    """When the next piece is to be sent: before it would have been spoken, it isn't."""

    def __init__(self, recording: Recording, *, real_time: bool) -> None:
        self._recording = recording
        self._real_time = real_time
        self._began = time.monotonic()
        self._spoken_s = 0.0

    def wait_s(self, piece: bytes) -> float:
        """How long to wait before this piece is sent."""
        self._spoken_s += self._recording.ms(len(piece)) / 1000
        left = self._began + self._spoken_s - time.monotonic()
        return max(0.0, left) if self._real_time else 0.0


async def _send(stream: Stream, recording: Recording, *, real_time: bool) -> None:
    due = _Due(recording, real_time=real_time)
    pieces = recording.pieces(_PIECE_MS if real_time else 10 * _PIECE_MS)
    try:
        while piece := await asyncio.to_thread(next, pieces, b""):
            await asyncio.sleep(due.wait_s(piece))
            await stream.send(piece)
        await stream.end()
    except Exception:
        await stream.abort()  # the reader asks why
        raise


class _Sender:
    """A thread that sends a recording; ``close`` before the file is closed."""

    def __init__(self, stream: SyncStream, recording: Recording, *, real_time: bool) -> None:
        self._stream = stream
        self._recording = recording
        self._real_time = real_time
        self._closed = threading.Event()
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._send, name="wirescribe-file", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send no more."""
        self._closed.set()
        if self._thread.is_alive():
            self._stream.abort()  # which wakes a `send` that waits
        self._thread.join()

    def _send(self) -> None:
        due = _Due(self._recording, real_time=self._real_time)
        try:
            for piece in self._recording.pieces(_PIECE_MS if self._real_time else 10 * _PIECE_MS):
                if self._closed.wait(due.wait_s(piece)):
                    return
                self._stream.send(piece)
            self._stream.end()
        except Exception as error:
            if self._stream.state != "closed":
                self.failure = error
                self._stream.abort()
