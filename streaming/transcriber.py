"""Sound in, events out, inside this process: a session fed as fast as it is decoded.

The same session and scheduler that serve sockets. What differs is the pace: nothing arrives in
real time, so the sound is held back whenever enough of it waits for its final. Memory therefore
doesn't grow with the length of the sound.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.errors import WirescribeError
from streaming.events import Ended, Event
from streaming.scheduler import Scheduler
from streaming.session import Phase, Session

_SLICE_MS = 200  # taken at once; between slices answers come in and other tasks have their turn
_SEGMENT_MS = 20_000
_MOST_UNREAD = 256  # events; whoever reads them slower than that holds the sound back too


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the sound may run ahead of its decoding.

    ``backlog_ms`` of ended segments may wait for their finals. ``step_by_step`` waits for every
    partial as well: slower, but each is decoded and can be watched, as though it were live.
    ``live`` is for sound that comes in real time: in its pauses finals are decoded ahead, which
    would be work done twice where the rest of the sound is there already.
    """

    backlog_ms: int
    step_by_step: bool = False
    live: bool = False


def full_speed(scheduler: Scheduler, *, live: bool = False) -> Pace:
    """Return the pace that keeps all workers busy with whole batches of full-length segments."""
    rows = sum(engine.info.max_batch * engine.info.concurrency for engine in scheduler.engines)
    return Pace(backlog_ms=rows * _SEGMENT_MS, live=live)


class Transcription:
    """One session over one source of sound; read its :meth:`events` once, to the end.

    ``sound`` yields bytes in the session's format, in chunks of any size. The session must not
    have been given audio yet. ``fed`` is set when all of the sound has been taken, or no more of
    it will be. In the ``background`` it leaves the workers to everybody else who needs them.
    """

    def __init__(
        self,
        session: Session,
        scheduler: Scheduler,
        sound: AsyncIterable[bytes],
        pace: Pace,
        *,
        fed: asyncio.Event | None = None,
        background: bool = False,
    ) -> None:
        self.session = session
        self._background = background
        self._fed = fed or asyncio.Event()
        self._scheduler = scheduler
        self._sound = sound
        self._pace = pace
        self._feeder: asyncio.Task[None] | None = None
        self._said: deque[Event] = deque()
        self._told_ms = 0
        self._in_flight = 0
        self._sound_failure: Exception | None = None
        self._fatal: Exception | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def events(self) -> AsyncIterator[Event]:
        """Yield what the session says; the last one is :class:`~streaming.events.Ended`.

        When the sound fails midway, all that came before is decoded and said first; then its
        exception is raised. Raises :class:`~streaming.errors.EngineFault` when decoding fails.
        Closing the iterator early drops what is still to be decoded.
        """
        self._scheduler.add(self, background=self._background)
        self._feeder = asyncio.create_task(self._feed(), name="feed")
        try:
            while True:
                while self._said:
                    event = self._said.popleft()
                    self._room.set()
                    yield event
                    if isinstance(event, Ended):
                        if self._sound_failure is not None:
                            raise self._sound_failure
                        return
                if self._fatal is not None:
                    raise self._fatal
                self._news.clear()
                await self._news.wait()
        finally:
            self._scheduler.remove(self)
            self._feeder.cancel()
            await asyncio.gather(self._feeder, return_exceptions=True)

    def told_ms(self) -> int:
        """Return up to when all is decoded and every event of it has been taken.

        The session is ahead of that while events of its other channels still wait here.
        """
        if not self._said:
            self._told_ms = self.session.decoded_ms
        return self._told_ms

    def stop(self) -> None:
        """Take no more sound; what has been taken is still decoded."""
        if self._feeder is not None:
            self._feeder.cancel()
        self._end()

    async def _feed(self) -> None:
        audio = self.session.config.audio
        size = max(1, _SLICE_MS * audio.sample_rate // 1000) * audio.bytes_per_frame
        try:
            async with _closing(aiter(self._sound)) as chunks:
                async for data in chunks:
                    for at in range(0, len(data), size):
                        self._say(self.session.receive_audio(data[at : at + size]))
                        self._scheduler.wake()
                        await self._wait_for_room()
        except Exception as error:
            self._sound_failure = error
        self._end()

    def _end(self) -> None:
        self._fed.set()
        if self.session.phase is Phase.OPEN:
            self._say(self.session.end())
            self._scheduler.wake()

    async def _wait_for_room(self) -> None:
        await asyncio.sleep(0)
        while not self._has_room():
            self._room.clear()
            await self._room.wait()

    def _has_room(self) -> bool:
        if len(self._said) >= _MOST_UNREAD or self.session.backlog_ms > self._pace.backlog_ms:
            return False
        if not self._pace.step_by_step:
            return True
        return not self._in_flight and next(iter(self.work()), None) is None

    def _say(self, events: Iterable[Event]) -> None:
        self._said.extend(events)
        self._news.set()

    # -- scheduler's side (Source) -------------------------------------------------------------

    def work(self) -> Iterable[DecodeRequest]:
        """Yield what the session wants decoded."""
        for request in self.session.work():
            if self._pace.live or request.kind is not Kind.EARLY or request.shown:
                yield request

    def begin(self, request: DecodeRequest) -> None:
        """Pass on that a request has been taken."""
        self._in_flight += 1
        self.session.begin(request)

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        """Pass an answer to the session."""
        self._in_flight -= 1
        try:
            self._say(self.session.work_done(request, hypothesis))
        except Exception as error:
            self._give_up(error)
        self._room.set()

    def work_failed(self, error: WirescribeError) -> None:
        """End with an error: what can't be decoded can't be left out in silence."""
        self._in_flight -= 1
        self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._fatal = error
        if self._feeder is not None:
            self._feeder.cancel()
        self._news.set()


@asynccontextmanager
async def _closing(chunks: AsyncIterator[bytes]) -> AsyncIterator[AsyncIterator[bytes]]:
    """Let a generator tidy up when the block is left, not when it is found by the collector."""
    try:
        yield chunks
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
