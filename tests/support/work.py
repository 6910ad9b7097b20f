"""Work for a scheduler, as a session would have it, and an engine that waits for the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import numpy as np

from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice
from streaming.engine.base import Engine
from streaming.engine.fake import Script
from streaming.errors import WirescribeError
from streaming.scheduler import Scheduler

_LONGEST_S = 30.0


def request(kind: Kind, number: int, *, again: bool = False, channel: int = 0) -> DecodeRequest:
    return DecodeRequest(
        kind=kind,
        channel=channel,
        segment=number,
        start_sample=0,
        audio=np.zeros(320, np.float32),
        language=LanguageChoice(fixed="en"),
        again=again,
    )


def answer(asked: DecodeRequest) -> Hypothesis:
    return Hypothesis(f"{asked.kind}-{asked.segment}", (), "en", 1.0)


class Client:
    """A source with a list of work; what it is told is kept."""

    def __init__(self, *requests: DecodeRequest) -> None:
        self.offered = list(requests)
        self.begun: list[DecodeRequest] = []
        self.answers: list[tuple[DecodeRequest, Hypothesis | None]] = []
        self.failures: list[WirescribeError] = []
        self.changed = asyncio.Event()

    def work(self) -> Iterable[DecodeRequest]:
        yield from [each for each in self.offered if not any(each is b for b in self.begun)]

    def begin(self, request: DecodeRequest) -> None:
        self.begun.append(request)

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        self.answers.append((request, hypothesis))
        self.changed.set()

    def work_failed(self, error: WirescribeError) -> None:
        self.failures.append(error)
        self.changed.set()

    async def until(self, condition: Callable[[Client], bool]) -> None:
        while not condition(self):
            self.changed.clear()
            await self.changed.wait()

    async def served(self, count: int | None = None) -> None:
        wanted = len(self.offered) if count is None else count
        await self.until(lambda it: len(it.answers) >= wanted)


class Gate:
    """Holds the engine's threads until the test lets them go on.

    ``silence``: silence waits, too. The first that a server decodes is silence.
    """

    def __init__(self, script: Script = answer, *, silence: bool = True) -> None:
        self._script = script
        self._silence = silence
        self._open = threading.Event()
        self._entered = threading.Semaphore(0)

    def __call__(self, asked: DecodeRequest) -> Hypothesis:
        if self._silence or asked.audio.any():
            self._entered.release()
            assert self._open.wait(_LONGEST_S), "the test never opened the gate"
        return self._script(asked)

    async def entered(self) -> None:
        assert await asyncio.to_thread(self._entered.acquire, timeout=_LONGEST_S)

    def open(self) -> None:
        self._open.set()


@asynccontextmanager
async def serving(*engines: Engine, start: bool = True) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(engines)
    if start:
        scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()
