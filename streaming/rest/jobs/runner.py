"""Jobs being done: as many at a time as configured, keys in turn, on from where a killed one was.

A job has its own turn beside those of uploads whose clients wait; all of them are files to the
scheduler, and have the time that live speech leaves.
"""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Final

from streaming.errors import InternalError, QuotaExceeded, Restarting, WirescribeError
from streaming.lifecycle import Life
from streaming.logs import get_logger
from streaming.rest.cache import cache_key
from streaming.rest.decode import Recording, opened
from streaming.rest.desk import Background, ClientGone, Counter, outcome
from streaming.rest.files import Files
from streaming.rest.jobs.job import Failure, Job, State
from streaming.rest.jobs.progress import Progress
from streaming.rest.jobs.shelf import Shelf
from streaming.rest.transcript import Transcript

if TYPE_CHECKING:
    from streaming.service import Service

_log = get_logger(__name__)

_MOST_TRIES: Final = 3
"""A job that ends the server so often before a final comes of it is not begun again."""
_AGAIN_S: Final = 60.0  # between looks at what has expired, and at a quota that is used up


class Run(Background):
    """One job being done; to the service a connection like any other, which it may drain."""

    transport = "jobs"

    def __init__(self, job: Job) -> None:
        self.job = job
        self.cancelled = False
        self.done = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self, task: asyncio.Task[None]) -> None:
        """Know the task that does it."""
        self._task = task

    async def cancel(self) -> None:
        """Stop it for good."""
        self.cancelled = True
        await self.drain(0)

    async def drain(self, deadline_s: float) -> None:
        """Stop it now: the next server goes on where this one was."""
        if self._task is not None:
            self._task.cancel()
        await self.done.wait()


class Runner:
    """Does the jobs of a shelf from :meth:`start` to :meth:`stop`."""

    def __init__(self, service: Service, files: Files, shelf: Shelf, at_once: int) -> None:
        self._service = service
        self._files = files
        self._shelf = shelf
        self._at_once = at_once
        self._runs: dict[str, Run] = {}
        self._turns: dict[tuple[str, str], int] = {}  # which of all turns a holder had last
        self._turn = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; what was being done when the last server ended is queued again."""
        loops = [self._work() for _ in range(self._at_once)]
        self._tasks = [asyncio.create_task(each) for each in (*loops, self._forget())]

    async def stop(self) -> None:
        """Leave everything as it is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def heard(self, job: Job) -> tuple[int, int | None]:
        """Return how much of a job has its text, and how long it is as far as is known."""
        run = self._runs.get(job.id)
        if run is None or run.recording is None:
            return job.decoded_ms, job.duration_ms
        recording = run.recording
        return max(job.decoded_ms, recording.decoded_ms), recording.duration_ms

    async def cancel(self, job: Job) -> None:
        """Stop a job for good; one that is over stays as it is."""
        run = self._runs.get(job.id)
        if job.state.over:
            return
        if run is not None:
            await run.cancel()
        else:
            await self._end(job, State.CANCELLED)

    # -- one after the other -------------------------------------------------------------------

    async def _work(self) -> None:
        while self._service.lifecycle.life is Life.READY:
            job = self._next()
            if job is None:
                await self._shelf.news(_AGAIN_S)
                continue
            run = self._runs[job.id] = Run(job)
            self._service.join(run)
            task = asyncio.create_task(self._do(run))
            run.begin(task)
            try:
                await asyncio.wait({task})
            finally:
                task.cancel()
                (error,) = await asyncio.gather(task, return_exceptions=True)
                del self._runs[job.id]
                self._service.part(run)
                run.done.set()
            if error is not None:  # the server goes down
                await asyncio.sleep(_AGAIN_S)

    def _next(self) -> Job | None:
        """The oldest job of whoever had a turn longest ago."""
        waiting = [job for job in self._shelf if not job.state.over and job.id not in self._runs]
        if not waiting:
            self._turns.clear()
            return None
        job = min(
            waiting, key=lambda job: (self._turns.get(job.owner.holder, 0), job.created_at, job.id)
        )
        self._turn += 1
        self._turns[job.owner.holder] = self._turn
        return job

    async def _forget(self) -> None:
        while True:
            await self._shelf.expire()
            await asyncio.sleep(_AGAIN_S)

    # -- one of them ---------------------------------------------------------------------------

    async def _do(self, run: Run) -> None:
        """Do a job; whatever comes of it is on disk behind this."""
        ended: BaseException | None = None
        try:
            transcript = await self._transcript(run)
        except (asyncio.CancelledError, Restarting):
            if not run.cancelled:  # the server goes down
                tries = max(0, run.job.tries - 1)
                again = dataclasses.replace(run.job, state=State.QUEUED, tries=tries)
                await self._shelf.change(again)
                raise
            ended = ClientGone()
            await self._end(run.job, State.CANCELLED)
        except Exception as error:
            ended = error
            await self._end(run.job, State.FAILED, failure=_failure(error))
        else:
            ended = await self._complete(run.job, transcript)
        self._service.metrics.files.ended(Run.transport, outcome(ended))

    async def _complete(self, job: Job, transcript: Transcript) -> WirescribeError | None:
        """Keep what was heard; return why that can't be done.

        It is written to the end even where the server goes down meanwhile: not to be heard again.
        """
        ending = asyncio.ensure_future(self._end(job, State.COMPLETED, transcript=transcript))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await asyncio.wait({ending})
            raise
        except WirescribeError as error:
            await self._end(job, State.FAILED, failure=_failure(error))
            return error
        return None

    async def _transcript(self, run: Run) -> Transcript:
        service, job = self._service, run.job
        if job.tries >= _MOST_TRIES:
            raise InternalError(
                f"the server has ended {_MOST_TRIES} times while it heard this file"
            )
        run.job = job = dataclasses.replace(
            job,
            state=State.RUNNING,
            started_at=job.started_at or self._shelf.clock(),
            tries=job.tries + 1,
        )
        await self._shelf.change(job)
        service.gate.check_still(job.owner.principal)
        config = service.parse_start(job.options)
        key = cache_key(job.digest, config, service.engine_info, job.owner.principal, mix=True)
        known = await self._files.cache.find(key)
        service.metrics.files.looked_up(hit=known is not None)
        if known is None:
            folder = self._shelf.folder
            progress = await asyncio.to_thread(folder.progress, job.id, service.engine_info)
            with closing(progress), folder.audio(job.id).open("rb") as audio:
                patience_s = service.settings.files.decoder_idle_s
                async with opened(audio, job.name, mix=True, patience_s=patience_s) as sound:
                    most_ms = job.most_ms or service.settings.files.max_audio_s * 1000
                    run.recording = Recording(
                        service,
                        sound,
                        config,
                        most_ms=most_ms,
                        count=_Patient(service, job),
                        from_ms=progress.end_ms,
                    )
                    known = await self._heard(run, run.recording, progress)
            await self._files.cache.keep(key, known)
        return known

    async def _heard(self, run: Run, recording: Recording, progress: Progress) -> Transcript:
        loop, begun_ms = asyncio.get_running_loop(), progress.end_ms
        began = loop.time()
        async with aclosing(recording.finals()) as heard:
            async for final in heard:
                self._service.gate.check_still(run.job.owner.principal)
                try:
                    await asyncio.to_thread(progress.add, final)
                except OSError as error:  # what comes now would be heard again, that is all
                    _log.warning("job_not_written", job=run.job.id[:12], error=type(error).__name__)
                if run.job.tries:
                    run.job = dataclasses.replace(run.job, tries=0)
                    await self._shelf.change(run.job)
        taken_s = loop.time() - began
        self._service.metrics.files.heard((recording.received_ms - begun_ms) / 1000, taken_s)
        return Transcript(tuple(progress.finals), recording.received_ms, recording.damage)

    async def _end(
        self,
        job: Job,
        state: State,
        *,
        transcript: Transcript | None = None,
        failure: Failure | None = None,
    ) -> None:
        now = self._shelf.clock()
        hook = job.webhook and dataclasses.replace(job.webhook, next_at=now)
        decoded_ms, duration_ms = self.heard(job)
        if transcript is not None:
            decoded_ms = duration_ms = transcript.duration_ms
        over = dataclasses.replace(
            job,
            state=state,
            options={},  # prompts and names are of no more use
            ended_at=now,
            decoded_ms=decoded_ms,
            duration_ms=duration_ms,
            failure=failure,
            webhook=hook,
        )
        _log.info("job_ended", job=job.id[:12], state=state.value, error=failure and failure.code)
        await self._shelf.end(over, transcript)


class _Patient:
    """Counts a job's audio against its client's quotas, and waits while an hour's is used up."""

    def __init__(self, service: Service, job: Job) -> None:
        self._count = Counter(service, job.owner.principal, job.owner.address)

    async def __call__(self, duration_ms: float) -> None:
        while True:
            try:
                await self._count(duration_ms)
            except QuotaExceeded as spent:
                await asyncio.sleep(min((spent.retry_after_ms or 1_000) / 1000, _AGAIN_S))
            else:
                return


def _failure(error: Exception) -> Failure:
    if isinstance(error, WirescribeError):
        return Failure(error.code, error.message, error.field)
    if isinstance(error, FileNotFoundError):
        return Failure("job_damaged", "the recording is gone; hand it in again")
    _log.error("job_failed", exc_info=error)
    return Failure(InternalError.code, "the server failed on this recording")
