"""All jobs of a server: who may see which, how many there may be, and when they are forgotten.

What is said here is on disk before it is answered. A disk that won't do is said to who hands a job
in; later it costs no more than what a restart would have to do again.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from streaming.errors import Overloaded, QuotaExceeded
from streaming.logs import get_logger
from streaming.principal import Principal
from streaming.rest.errors import StorageFull
from streaming.rest.jobs.errors import JobDamaged, UnknownJob
from streaming.rest.jobs.folder import Folder
from streaming.rest.jobs.job import Job, Owner, State
from streaming.rest.transcript import Transcript
from streaming.rest.upload import no_room
from streaming.settings.jobs import JobSettings

_log = get_logger(__name__)
_LATER_MS: Final = 60_000

_T = TypeVar("_T")

Watch = Callable[[Mapping[str, int], int], None]
"""Is told how many jobs there are in each state, and how many bytes they take."""


class Shelf:
    """The jobs in one folder, which is looked into at :meth:`open`."""

    def __init__(
        self,
        folder: Folder | None,
        settings: JobSettings,
        watch: Watch,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._watch = watch
        self.clock = clock
        self._jobs: dict[str, Job] = {}
        self._sizes: dict[str, int] = {}
        self._damaged: dict[str, float] = {}  # when they were found
        self._coming: Counter[tuple[str, str]] = Counter()
        self._coming_bytes = 0
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def __contains__(self, job: Job) -> bool:
        return job.id in self._jobs

    @property
    def held_bytes(self) -> int:
        """What all of them take of the disk, and what is on its way."""
        return sum(self._sizes.values()) + self._coming_bytes

    @property
    def folder(self) -> Folder:
        """Where they lie; StorageFull where nobody has said where."""
        if self._folder is None:
            raise StorageFull("the server has no folder for jobs: set jobs.folder")
        return self._folder

    async def news(self, within_s: float | None = None) -> None:
        """Return when a job has come or changed, or so much time has passed."""
        self._news.clear()
        try:
            async with asyncio.timeout(within_s):
                await self._news.wait()
        except TimeoutError:
            return

    def wake(self) -> None:
        """Have everybody look again who waits for news."""
        self._news.set()

    def expires_at(self, job: Job) -> float | None:
        """When a job will be forgotten; None while it isn't over."""
        return None if job.ended_at is None else job.ended_at + self._settings.keep_s

    # -- the folder ----------------------------------------------------------------------------

    async def look(self) -> None:
        """At the start: take what jobs there are; nothing is made where there are none."""
        if self._folder is None or not self._folder.exists:
            return
        try:
            await self.open()
        except (StorageFull, Overloaded) as error:
            _log.warning("jobs_not_served", reason=error.message)

    async def open(self) -> None:
        """Take the folder and read what is in it, once.

        Raises StorageFull where it can't be made, Overloaded where another server has it.
        """
        async with self._writing:
            if self.folder.mine:
                return
            try:
                if not await asyncio.to_thread(self.folder.make):
                    raise Overloaded(
                        "another server has this one's folder for jobs: give each its own with "
                        "jobs.folder",
                        retry_after_ms=_LATER_MS,
                    )
                await asyncio.to_thread(self._read)
            except OSError as error:
                raise no_room(error, "jobs") from error
        self._tell()

    def _read(self) -> None:
        self.folder.tidy()
        now = self.clock()
        for name in self.folder.ids():
            try:
                job = self.folder.read(name)
            except FileNotFoundError:  # half removed
                self.folder.remove(name)
                continue
            except (ValueError, OSError):
                _log.warning("job_damaged", job=name[:12])
                self._damaged[name] = now
                continue
            if job.state is State.RUNNING:  # by a server that is no more
                job = dataclasses.replace(job, state=State.QUEUED)
            self._jobs[name] = job
            self._sizes[name] = self.folder.size(name)

    async def close(self) -> None:
        """Leave the folder to the next server."""
        if self._folder is not None and self._folder.mine:
            async with self._writing:
                await asyncio.to_thread(self._folder.leave)

    # -- who may see what ----------------------------------------------------------------------

    def find(self, name: str, principal: Principal) -> Job:
        """Return a job; UnknownJob where there is none, or it is somebody else's."""
        job = self._jobs.get(name)
        if job is None or not job.owner.lets_see(principal):
            raise UnknownJob("there is no such job, or not any more")
        return job

    def of(self, principal: Principal, address: str) -> list[Job]:
        """Return a client's jobs, the newest first; without a key those of its address."""
        mine = [
            job
            for job in self._jobs.values()
            if job.owner.lets_see(principal) and (principal.key or job.owner.address == address)
        ]
        return sorted(mine, key=lambda job: (job.created_at, job.id), reverse=True)

    async def transcript(self, job: Job) -> Transcript:
        """Return what was heard; JobDamaged where it can't be read."""
        try:
            return Transcript.load(await asyncio.to_thread(self.folder.transcript, job.id))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("job_damaged", job=job.id[:12])
            raise JobDamaged(
                "what was kept of this job can't be read; hand the recording in again"
            ) from error

    # -- coming and going ----------------------------------------------------------------------

    @contextmanager
    def room(self, owner: Owner, size: int) -> Iterator[None]:
        """Have room for one more while it is received.

        Raises QuotaExceeded, Overloaded or StorageFull where there is none.
        """
        most = self._settings
        of_one = sum(job.owner.holder == owner.holder for job in self._jobs.values())
        if of_one + self._coming[owner.holder] >= most.max_per_key:
            whose = "key" if owner.key else "address"
            raise QuotaExceeded(
                f"this {whose} has {most.max_per_key} jobs here; delete those that are done with",
                field="jobs",
                retry_after_ms=_LATER_MS,
            )
        if len(self._jobs) + self._coming.total() >= most.max_jobs:
            raise Overloaded("the server keeps as many jobs as it can", retry_after_ms=_LATER_MS)
        if self.held_bytes + size > most.max_bytes:
            raise StorageFull("the server has no more room for jobs; try again later")
        self._coming[owner.holder] += 1
        self._coming_bytes += size
        try:
            yield
        finally:
            self._coming_bytes -= size
            self._coming[owner.holder] -= 1
            if not self._coming[owner.holder]:
                del self._coming[owner.holder]

    async def admit(self, job: Job) -> None:
        """Take a job whose recording has come; StorageFull where the disk won't."""
        if sum(self._sizes.values()) + job.size > self._settings.max_bytes:
            raise StorageFull("the server has no more room for jobs; try again later")

        def admitted() -> None:
            """On disk it is a job: it is one here, too, even where nobody waits for it any more."""
            self._jobs[job.id], self._sizes[job.id] = job, job.size

        try:
            await self._write(self.folder.admit, job, then=admitted)
        except OSError as error:
            raise no_room(error, "jobs") from error
        self._tell()

    async def change(self, job: Job) -> None:
        """Keep a job as it is now."""
        if job not in self:
            return
        self._jobs[job.id] = job  # at once: nobody else may begin it
        try:
            await self._write(self.folder.write, job)
        except OSError as error:
            _log.warning("job_not_written", job=job.id[:12], error=type(error).__name__)
        self._tell()

    async def end(self, job: Job, transcript: Transcript | None = None) -> None:
        """A job is over; StorageFull, and nothing has changed, where its text doesn't fit.

        One with a text is seen to be over when the text can be read.
        """
        if job not in self:
            return
        data = None
        if transcript is None:
            self._jobs[job.id] = job
        else:
            data = transcript.dump()

        def over() -> None:
            if job in self:  # not removed meanwhile
                self._jobs[job.id] = job

        try:
            self._sizes[job.id] = await self._write(self._ended, job, data, then=over)
        except OSError as error:
            if data is not None:
                raise no_room(error, "jobs") from error
            _log.warning("job_not_written", job=job.id[:12], error=type(error).__name__)
        if job not in self:  # removed meanwhile
            self._sizes.pop(job.id, None)
        self._tell()

    def _ended(self, job: Job, data: bytes | None) -> int:
        self.folder.end(job, data)
        return self.folder.size(job.id)

    async def remove(self, job: Job) -> None:
        """Leave nothing of a job."""
        if self._jobs.pop(job.id, None) is None:
            return
        await self._write(self.folder.remove, job.id)
        self._sizes.pop(job.id, None)
        self._tell()

    async def expire(self) -> None:
        """Forget what ended long enough ago, and what could not be read for as long."""
        now = self.clock()
        for job in self:
            at = self.expires_at(job)
            if at is not None and at <= now:
                await self.remove(job)
        for name, found in list(self._damaged.items()):
            if found + self._settings.keep_s <= now:
                del self._damaged[name]
                await self._write(self.folder.remove, name)
        self._tell()

    async def _write(
        self, work: Callable[..., _T], *arguments: object, then: Callable[[], None] | None = None
    ) -> _T:
        """Have the disk written, one after the other and each to its end, whoever stops waiting."""

        async def written() -> _T:
            async with self._writing:
                done = await asyncio.to_thread(work, *arguments)
                if then is not None:
                    then()
                return done

        writing = asyncio.ensure_future(written())
        writing.add_done_callback(_seen)
        return await asyncio.shield(writing)

    def _tell(self) -> None:
        states = Counter(job.state.value for job in self._jobs.values())
        counts = {state.value: states[state.value] for state in State}
        self._watch({**counts, "damaged": len(self._damaged)}, self.held_bytes)
        self._news.set()


def _seen(writing: asyncio.Future[Any]) -> None:
    """An error that nobody waits for any more is no defect."""
    if not writing.cancelled():
        writing.exception()
