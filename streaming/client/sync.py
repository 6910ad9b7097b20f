"""The client for programs without an event loop.

::

    with connect_sync("ws://127.0.0.1:8000", language="en") as stream:
        stream.send(pcm)  # 16-bit mono at 16 kHz
        stream.end()
        for event in stream:
            if isinstance(event, Final):
                print(event.text)

Live sound is sent from one thread while another iterates: every method may be called from any
thread, at any time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any, TypeVar, Unpack

from streaming.client.carrier import State
from streaming.client.connection import connect
from streaming.client.errors import ClientError, UsageError
from streaming.client.events import Event, Started
from streaming.client.link import Token
from streaming.client.loop_thread import LoopThread
from streaming.client.options import Preset, StreamWishes
from streaming.client.stream import Stream

T = TypeVar("T")

SyncToken = str | Callable[[], str] | None
"""A credential, or what fetches a fresh one for every connection; called in a thread."""


class SyncStream:
    """A running stream; made by ``connect_sync``.

    Waits can be interrupted: ``timeout`` raises ``TimeoutError``, Ctrl-C ``KeyboardInterrupt``, and
    neither loses an event, so that reading may go on afterwards. What several threads send at a
    time comes one after the other; of several that read, each event goes to one.
    """

    def __init__(self, stream: Stream, thread: LoopThread) -> None:
        self._stream = stream
        self._thread = thread
        self._taken: deque[Event] = deque()

    @property
    def started(self) -> Started:
        """What the server said when the session began that runs now."""
        return self._stream.started

    @property
    def state(self) -> State:
        """Where the stream stands; ``stopping`` is between ``end`` and ``Ended``."""
        return self._stream.state

    @property
    def sent_ms(self) -> int:
        """Audio taken by ``send`` so far, in the time of all events."""
        return self._stream.sent_ms

    @property
    def close_code(self) -> int | None:
        """How the last socket closed; ``None`` while it is open."""
        return self._stream.close_code

    def send(self, audio: bytes | bytearray | memoryview, *, timeout: float | None = None) -> None:
        """Takes audio of any length; waits while the buffers are full.

        After a ``TimeoutError`` the end of ``audio`` has not been taken; ``sent_ms`` says how far
        it came. Chunks of up to 16 KiB are taken whole or not at all.
        """
        self._call(partial(self._stream.send, audio), timeout)

    def finalize(self, id: str | None = None) -> str:
        """Asks for all audio sent so far to be decoded; returns the ``Finalized``'s id."""
        return self._call(partial(self._stream.finalize, id))

    def configure(
        self,
        *,
        language: str | None = None,
        languages: Sequence[str] | None = None,
        prompt: str | None = None,
        hotwords: Sequence[str] | None = None,
        endpointing: Preset | None = None,
        silence_ms: int | None = None,
        sentence_silence_ms: int | None = None,
        max_segment_ms: int | None = None,
    ) -> None:
        """Changes settings from the next segment on."""
        self._call(
            partial(
                self._stream.configure,
                language=language,
                languages=languages,
                prompt=prompt,
                hotwords=hotwords,
                endpointing=endpointing,
                silence_ms=silence_ms,
                sentence_silence_ms=sentence_silence_ms,
                max_segment_ms=max_segment_ms,
            )
        )

    def keepalive(self) -> None:
        """Keeps the session open while there is nothing to send."""
        self._call(self._stream.keepalive)

    def end(self) -> None:
        """Says that no more audio comes; iterate on for the rest and ``Ended``. May be repeated."""
        self._call(self._stream.end)

    def abort(self) -> None:
        """Closes at once, without waiting for what was still to be said; wakes all who wait."""
        self._call(self._stream.abort)

    def next_event(self, *, timeout: float | None = None) -> Event | None:
        """The next event; None once the stream has ended, where iterating would stop."""
        while True:
            try:
                return self._taken.popleft()
            except IndexError:
                if not self._call(self._take, timeout):
                    return None

    def __iter__(self) -> Iterator[Event]:
        """Every event from ``Started`` on, each once; raises why there will be no more."""
        while (event := self.next_event()) is not None:
            yield event

    async def _take(self) -> bool:
        """Fetch an event; False at the end.

        It is laid down here rather than returned: a caller that is interrupted meanwhile would lose
        it.
        """
        event = await self._stream.next_event()
        if event is not None:
            self._taken.append(event)
        return event is not None

    def _call(self, make: Callable[[], Coroutine[Any, Any, T]], timeout: float | None = None) -> T:
        try:
            return self._thread.call(make, timeout)
        except ClientError as error:
            raise error.with_traceback(None)  # noqa: B904 - the caller's lines, not the loop's
        except TimeoutError:
            raise TimeoutError(f"not within {timeout:g} s") from None


class connect_sync:  # noqa: N801 - used like a function, as connect is
    """Opens a stream: ``with connect_sync(url, language="en") as stream``.

    Takes what ``connect`` takes; ``token`` may be a plain function. Leaving the block closes the
    socket at once. ``on_queued`` is called in the stream's thread, and may not call the stream.
    """

    def __init__(
        self, url: str, *, token: SyncToken = None, **options: Unpack[StreamWishes]
    ) -> None:
        self._connection = connect(url, token=_awaited(token), **options)
        self._thread: LoopThread | None = None

    def __enter__(self) -> SyncStream:
        if self._thread is not None:
            raise UsageError("entered twice: connect_sync opens one stream")
        thread = self._thread = LoopThread("wirescribe-client")
        try:
            return SyncStream(thread.call(self._connection.__aenter__), thread)
        except ClientError as error:
            thread.stop()
            raise error.with_traceback(None)  # noqa: B904 - the caller's lines, not the loop's
        except BaseException:
            thread.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.stop()  # which cancels the stream, and that closes its socket


def _awaited(token: SyncToken) -> Token:
    return partial(asyncio.to_thread, token) if callable(token) else token
