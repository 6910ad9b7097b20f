"""Who is decoded next: one queue over all sessions, batches for the engines' workers.

Nothing is queued ahead of time. When a worker is free, all sources are asked what they could
have decoded *now*; finals go first, oldest first, then partials, the ones waiting longest first.
So a partial is never stale, and under load partials become rarer for everyone alike, instead of
late. The first request chosen fixes the batch key; others with the same key ride along.

Runs on one event loop; only :meth:`Engine.decode` runs in threads, one per engine worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import Engine
from streaming.errors import EngineFault, InternalError, WirescribeError
from streaming.headroom import Headroom, Speaker
from streaming.logs import get_logger

_log = get_logger(__name__)
_ATTEMPTS = 3
# Shares of the workers' time used, below which finals get a beam and pauses an early final.
_BEAM = 5
_BEAM_BELOW = 0.5
_EARLY_BELOW = 0.9
# Above this share partials of one session come no more often than so.
_STRETCH_ABOVE = 0.8
_STRETCHED_S = 0.8


class Source(Protocol):
    """Whatever wants audio decoded: a session with its transport around it."""

    def work(self) -> Iterable[DecodeRequest]:
        """Yield what could be decoded now; asked again whenever a worker is free."""
        ...

    def begin(self, request: DecodeRequest) -> None:
        """Note that a request has been taken."""
        ...

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        """Take the answer, or None for a partial that failed."""
        ...

    def work_failed(self, error: WirescribeError) -> None:
        """Hear that a final can't be decoded, after all attempts."""
        ...


@dataclass(slots=True)
class _Entry:
    """A source's place in the queue: served longest ago goes first."""

    source: Source
    served: float = 0.0
    shown: float = 0.0  # when its last partial was taken


@dataclass(frozen=True, slots=True)
class _Job:
    entry: _Entry
    request: DecodeRequest
    key: Hashable

    @property
    def speaking(self) -> tuple[Speaker, Kind]:
        """Who wants what decoded."""
        return (id(self.entry.source), self.request.channel), self.request.kind


@dataclass(slots=True)
class Load:
    """What the scheduler knows of itself, for health and admission.

    ``failures`` counts the batches in a row of which nothing could be decoded.
    """

    workers: int = 0
    decoded_batches: int = 0
    decoded_requests: int = 0
    last_success: float | None = None
    failures: int = 0

    def count(self, answers: Sequence[Hypothesis | None], now: float) -> None:
        """Note what has become of a batch."""
        self.decoded_batches += 1
        self.decoded_requests += len(answers)
        if any(answer is not None for answer in answers):
            self.last_success, self.failures = now, 0
        else:
            self.failures += 1


class Scheduler:
    """Feeds engines from sources. ``start`` before use, ``stop`` after."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        if not engines:
            raise ValueError("a scheduler needs at least one engine")
        self._engines = list(engines)
        self._sources: dict[int, _Entry] = {}
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers = [engine for engine in engines for _ in range(engine.info.concurrency)]
        self._pool = ThreadPoolExecutor(len(self._workers), thread_name_prefix="decode")
        self._load = Load(workers=len(self._workers))
        self._headroom = Headroom(len(self._workers))

    @property
    def engines(self) -> Sequence[Engine]:
        """The engines fed."""
        return self._engines

    @property
    def headroom(self) -> Headroom:
        """How busy the workers are."""
        return self._headroom

    @property
    def load(self) -> Load:
        """What is going on now."""
        return self._load

    def start(self) -> None:
        """Begin to serve; needs a running event loop."""
        for number, engine in enumerate(self._workers):
            task = asyncio.get_running_loop().create_task(self._serve(number, engine))
            self._tasks.add(task)

    async def stop(self) -> None:
        """Stop serving; a batch in progress is waited for, its answers are dropped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await asyncio.to_thread(self._pool.shutdown)

    def add(self, source: Source) -> None:
        """Let a source take part."""
        self._sources[id(source)] = _Entry(source)

    def remove(self, source: Source) -> None:
        """Leave a source out from now on; answers on the way to it are dropped."""
        self._sources.pop(id(source), None)

    def wake(self) -> None:
        """Say that a source may have new work."""
        self._wake.set()

    async def turn(self) -> None:
        """Return when a decoding thread has had its turn; for health."""
        await asyncio.get_running_loop().run_in_executor(self._pool, _nothing)

    async def _serve(self, number: int, engine: Engine) -> None:
        """Be one worker: take a batch, have it decoded, hand out the answers, again."""
        loop = asyncio.get_running_loop()
        while True:
            jobs = self._next_batch(engine)
            if not jobs:
                self._wake.clear()
                await self._wake.wait()
                continue
            beam = self._beam(jobs)
            began = time.monotonic()
            self._headroom.begin(number, began)
            try:
                requests = [job.request for job in jobs]
                answers: list[Hypothesis | None]
                failure: Exception | None = None
                try:
                    decode = functools.partial(engine.decode, requests, beam=beam)
                    answers = list(await loop.run_in_executor(self._pool, decode))
                    if len(answers) != len(jobs):
                        raise ValueError(f"{len(answers)} answers to {len(jobs)} requests")
                    self._headroom.decoded(requests, time.monotonic() - began, beam=beam)
                except Exception as error:
                    _log.warning("decode_failed", rows=len(jobs), error=type(error).__name__)
                    failure = error
                    answers = await self._decode_alone(engine, jobs)
                self._load.count(answers, time.monotonic())
                self._hand_out(jobs, answers, failure)
            finally:
                self._headroom.end(number, time.monotonic())
            self.wake()  # answers make new work: a fall-back, the next segment's partial

    async def _decode_alone(self, engine: Engine, jobs: Sequence[_Job]) -> list[Hypothesis | None]:
        """Decode each request of a failed batch by itself, so that one can't spoil the others."""
        loop = asyncio.get_running_loop()
        answers: list[Hypothesis | None] = []
        for job in jobs:
            answer: Hypothesis | None = None
            for _ in range(_ATTEMPTS if job.request.kind is Kind.FINAL else 1):
                with contextlib.suppress(Exception):
                    decode = loop.run_in_executor(self._pool, engine.decode, [job.request])
                    answer = (await decode)[0]
                    break
            answers.append(answer)
        return answers

    def _hand_out(
        self,
        jobs: Sequence[_Job],
        answers: Sequence[Hypothesis | None],
        cause: Exception | None,
    ) -> None:
        """Tell everyone; what failed comes last, for it ends a session with answers of its own."""
        pairs = zip(jobs, answers, strict=True)
        for job, answer in sorted(pairs, key=lambda pair: pair[1] is None):
            source = job.entry.source
            if id(source) not in self._sources:
                continue
            if answer is None and job.request.kind is Kind.FINAL:
                fault = EngineFault("the speech engine failed on this audio, and again on retrying")
                fault.__cause__ = cause
                source.work_failed(fault)
                continue
            try:
                source.work_done(job.request, answer)
            except Exception:
                self._put_out(source)

    def _next_batch(self, engine: Engine) -> list[_Job]:
        """Choose what to decode next, and take it from its sources."""
        jobs = [
            job for entry in list(self._sources.values()) for job in self._offers(entry, engine)
        ]
        offered = [job.speaking for job in jobs]
        jobs = self._affordable(jobs)
        jobs.sort(key=lambda job: (_rank(job.request), job.entry.served))
        chosen: list[_Job] = []
        for job in jobs:
            if chosen and job.key != chosen[0].key:
                continue
            chosen.append(job)
            if len(chosen) == engine.info.max_batch:
                break
        now = time.monotonic()
        self._headroom.look(offered, [job.speaking for job in chosen], now)
        for job in chosen:
            job.entry.served = now
            if job.request.waited_for:
                job.entry.shown = now
            job.entry.source.begin(job.request)
        return chosen

    def _affordable(self, jobs: list[_Job]) -> list[_Job]:
        """Leave out what there is no time for.

        Early finals, when the workers are nearly always busy. Partials of sessions that had one
        just now, a little before that: a worker is then free when a final comes.
        """
        now = time.monotonic()
        used = self._headroom.used(now)
        if used < _STRETCH_ABOVE:
            return jobs
        return [
            job
            for job in jobs
            if job.request.kind is Kind.FINAL
            or (job.request.waited_for and now - job.entry.shown >= _STRETCHED_S)
            or (not job.request.waited_for and used < _EARLY_BELOW)
        ]

    def _beam(self, jobs: Sequence[_Job]) -> int:
        """How many alternatives to follow: what lasts deserves them, while there is time."""
        if jobs[0].request.kind is Kind.PARTIAL:
            return 1
        return _BEAM if self._headroom.used(time.monotonic()) < _BEAM_BELOW else 1

    def _offers(self, entry: _Entry, engine: Engine) -> list[_Job]:
        """Ask a source for its work; one that fails at it is out, the others are served on."""
        try:
            return [
                # What lasts is not mixed with partials: it may get a beam.
                _Job(entry, request, (request.kind is Kind.PARTIAL, engine.batch_key(request)))
                for request in entry.source.work()
            ]
        except Exception:
            self._put_out(entry.source)
            return []

    def _put_out(self, source: Source) -> None:
        """End a session that failed at what it was asked or told."""
        _log.exception("source_failed")
        self.remove(source)
        source.work_failed(InternalError("the server failed on this session"))


def _rank(request: DecodeRequest) -> int:
    """What is decoded first: finals, finals to come, and what is waited for.

    An early final takes no more time than the final that it replaces, and is in time for it.
    """
    if request.kind is Kind.FINAL:
        return 0
    return 2 if request.waited_for else 1


def _nothing() -> None:
    """What a thread does when it is only asked whether it lives."""
