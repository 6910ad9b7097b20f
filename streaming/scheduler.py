"""Who is decoded next: one queue over all sessions, batches for the engines' workers.

Nothing is queued ahead of time. When a worker is free, all sources are asked what they could
have decoded *now*; finals go first, oldest first, then partials, the ones waiting longest first.
So a partial is never stale, and under load partials become rarer for everyone alike, instead of
late. The first request chosen fixes the batch key; others with the same key ride along.

Runs on one event loop; only :meth:`Engine.decode` runs in threads, one per engine worker. What
was being decoded when an engine got stuck or broke is offered again, so that no session loses it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from streaming.batching import Entry, Job, Source, beam, choose, hurried, spare_rows
from streaming.decoding import Hypothesis, Kind
from streaming.engine.base import Engine
from streaming.errors import EngineFault, InternalError, Restarting
from streaming.faults import Faults, Uncounted
from streaming.headroom import Headroom, Speaker
from streaming.heartbeat import Heartbeat
from streaming.logs import get_logger
from streaming.station import State, Station
from streaming.supervisor import Reload, Supervisor
from streaming.worker import Decoded, Worker

__all__ = ["Care", "Load", "Scheduler", "Source"]

_log = get_logger(__name__)


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


@dataclass(frozen=True, slots=True)
class Care:
    """How engines are looked after: what loads one anew, and when that is done.

    ``heartbeats`` are the engines' own, with what they learnt as the engines were warmed up;
    ``load_s`` is what loading took at first.
    """

    reload: Reload
    heartbeats: Sequence[Heartbeat]
    max_restarts: int = 3
    load_s: float = 0.0


class Scheduler:
    """Feeds engines from sources. ``start`` before use, ``stop`` after.

    Without ``care`` an engine that is stuck stays so.
    """

    def __init__(
        self, engines: Sequence[Engine], *, care: Care | None = None, faults: Faults | None = None
    ) -> None:
        if not engines:
            raise ValueError("a scheduler needs at least one engine")
        self._faults = faults or Uncounted()
        beats = care.heartbeats if care else [Heartbeat(float("inf")) for _ in engines]
        self._stations = [
            Station(number, engine, heartbeat)
            for number, (engine, heartbeat) in enumerate(zip(engines, beats, strict=True))
        ]
        self._posts = [
            station for station in self._stations for _ in range(station.engine.info.concurrency)
        ]
        self._supervisor: Supervisor | None = None
        if care is not None:
            self._supervisor = Supervisor(
                self,
                self._stations,
                care.reload,
                self._faults,
                max_restarts=care.max_restarts,
                load_s=care.load_s,
            )
        self._watching: asyncio.Task[None] | None = None
        self._workers: dict[int, Worker] = {}
        self._sources: dict[int, Entry] = {}
        self._wake = asyncio.Event()
        self._load = Load(workers=len(self._posts))
        self._headroom = Headroom(len(self._posts))
        self.lost = asyncio.Event()
        """Set when no engine is left that could decode anything."""

    @property
    def engines(self) -> Sequence[Engine]:
        """The engines fed, as they are now."""
        return [station.engine for station in self._stations]

    @property
    def stations(self) -> Sequence[Station]:
        """Where the engines stand."""
        return self._stations

    @property
    def left_behind(self) -> int:
        """How many threads are in a call that does not return."""
        return sum(station.heartbeat.given_up for station in self._stations)

    @property
    def workers(self) -> Sequence[Worker]:
        """Those at work."""
        return list(self._workers.values())

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
        for number, station in enumerate(self._posts):
            self.hire(station, number)
        if self._supervisor is not None:
            self._watching = asyncio.get_running_loop().create_task(self._supervisor.watch())

    async def stop(self) -> None:
        """Stop serving; a batch in progress is waited for, its answers are dropped."""
        workers = self.workers
        self._workers.clear()
        for worker in workers:
            worker.leave()
        tasks = [task for worker in workers if (task := worker.task)]
        if self._watching is not None:
            self._watching.cancel()
            tasks.append(self._watching)
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in workers:
            await worker.left()

    def add(self, source: Source, *, background: bool = False) -> None:
        """Let a source take part; in the ``background`` it has what time the others leave."""
        self._sources[id(source)] = Entry(source, background=background)
        if self.lost.is_set():
            source.work_failed(_lost())

    def remove(self, source: Source) -> None:
        """Leave a source out from now on; answers on the way to it are dropped."""
        self._sources.pop(id(source), None)

    def wake(self) -> None:
        """Say that a source may have new work."""
        self._wake.set()

    async def turn(self) -> None:
        """Return when a decoding thread has had its turn; for health."""
        turns = [asyncio.ensure_future(worker.turn()) for worker in self.workers]
        try:
            # With nobody at work there is nothing to wait for but whoever waits to lose patience.
            await asyncio.wait(turns or [asyncio.Future()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for turn in turns:
                turn.cancel()

    # -- workers -------------------------------------------------------------------------------

    def hire(self, station: Station, number: int) -> None:
        """Put a new worker to work."""
        worker = self._workers[number] = Worker(number, station, self._faults)
        worker.task = asyncio.get_running_loop().create_task(self._serve(worker))

    def dismiss(self, worker: Worker, *, suspect: bool) -> None:
        """Go on without a worker; a request that hung an engine twice ends its session."""
        del self._workers[worker.number]
        worker.give_up()
        self._headroom.end(worker.number, time.monotonic())
        guilty = [job for job in worker.jobs if suspect and job.entry.suspect]
        for job in worker.jobs:
            job.entry.suspect |= suspect
        for job in guilty:
            self._fail(job, "the speech engine does not return from this audio", None)
        self._requeue([job for job in worker.jobs if job not in guilty])

    def lose(self, station: Station) -> None:
        """Do without a station; when it is the last, tell everyone."""
        for worker in self.workers:
            if worker.station is station:
                self.dismiss(worker, suspect=False)
        if all(each.state is State.LOST for each in self._stations):
            self.lost.set()
            for entry in list(self._sources.values()):
                entry.source.work_failed(_lost())

    async def _serve(self, worker: Worker) -> None:
        """Be one worker: take a batch, have it decoded, hand out the answers, again."""
        while True:
            await worker.station.open.wait()
            jobs = worker.jobs = self._next_batch(worker.station)
            if not jobs:
                self._wake.clear()
                await self._wake.wait()
                continue
            requests, began = [job.request for job in jobs], time.monotonic()
            spare = jobs[0].entry.background
            self._headroom.begin(worker.number, began, spare=spare)
            width = beam(jobs, self._headroom.read(began))
            try:
                decoded = await worker.decode(requests, width)
                worker.jobs, now = (), time.monotonic()
                self._load.count(decoded.answers, now)
                if decoded.cause is None and not spare:
                    self._headroom.decoded(requests, now - began, beam=width)
                if decoded.broken and self._supervisor is not None:
                    self._supervisor.restart(worker.station, broken=True)
                    self._requeue(jobs)
                else:
                    self._hand_out(jobs, decoded)
            finally:
                self._headroom.end(worker.number, time.monotonic())
            self.wake()  # answers make new work: a fall-back, the next segment's partial

    # -- batches -------------------------------------------------------------------------------

    def _next_batch(self, station: Station) -> list[Job]:
        """Choose what to decode next, and take it from its sources."""
        now = time.monotonic()
        offered = [
            job
            for entry in list(self._sources.values())
            for job in self._offers(entry, station.engine)
        ]
        rows, load = station.rows.most(now), self._headroom.read(now)
        spare = spare_rows(rows, load, workers=len(self._posts), taken=self._headroom.spare)
        chosen = choose(offered, rows=rows, load=load, now=now, spare_rows=spare)
        self._headroom.look(_speaking(offered), _speaking(chosen), now)
        for job in chosen:
            job.entry.served = now
            if job.request.waited_for:
                job.entry.shown = now
            job.entry.source.begin(job.request)
        return chosen

    def _offers(self, entry: Entry, engine: Engine) -> list[Job]:
        """Ask a source for its work; one that fails at it is out, the others are served on."""
        try:
            return [
                Job(entry, request, engine.batch_key(request)) for request in entry.source.work()
            ]
        except Exception:
            self._put_out(entry.source)
            return []

    def _hand_out(self, jobs: Sequence[Job], decoded: Decoded) -> None:
        """Tell everyone; what failed comes last, for it ends a session with answers of its own."""
        pairs = zip(jobs, decoded.answers, strict=True)
        for job, answer in sorted(pairs, key=lambda pair: pair[1] is None):
            if answer is None and job.request.kind is Kind.FINAL:
                why = "the speech engine failed on this audio, and again on retrying"
                self._fail(job, why, decoded.cause)
            else:
                self._tell(job, answer)

    def _tell(self, job: Job, answer: Hypothesis | None) -> None:
        """Give a source its answer, or what it asked for back."""
        source = job.entry.source
        if id(source) not in self._sources:
            return
        if answer is not None:
            job.entry.suspect = False
            if hurried(self._headroom.read(time.monotonic())):
                answer = replace(answer, hurried=True)
        try:
            source.work_done(job.request, answer)
        except Exception:
            self._put_out(source)

    def _requeue(self, jobs: Sequence[Job]) -> None:
        """Have requests decoded again: their sources offer what is still of use."""
        if not jobs:
            return
        self._faults.requests_requeued(len(jobs))
        for job in jobs:
            self._tell(job, None)
        self.wake()

    def _fail(self, job: Job, why: str, cause: Exception | None) -> None:
        """End a session of which something can't be decoded."""
        if id(job.entry.source) in self._sources:
            fault = EngineFault(why)
            fault.__cause__ = cause
            job.entry.source.work_failed(fault)

    def _put_out(self, source: Source) -> None:
        """End a session that failed at what it was asked or told."""
        _log.exception("source_failed")
        self.remove(source)
        source.work_failed(InternalError("the server failed on this session"))


def _speaking(jobs: Iterable[Job]) -> list[tuple[Speaker, Kind]]:
    """Who wants what decoded, without those who can wait for it."""
    return [job.speaking for job in jobs if not job.entry.background]


def _lost() -> Restarting:
    return Restarting("the speech engine stopped answering and could not be loaded anew")
