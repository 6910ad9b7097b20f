"""All that has to do with a server's jobs, put together: the shelf, who does them, who tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streaming.rest.files import Files
from streaming.rest.jobs.folder import Folder
from streaming.rest.jobs.job import Job, new_id
from streaming.rest.jobs.messenger import Messenger
from streaming.rest.jobs.runner import Runner
from streaming.rest.jobs.shelf import Shelf
from streaming.rest.jobs.view import job_object
from streaming.rest.upload import no_room

if TYPE_CHECKING:
    from streaming.service import Service


class Jobs:
    """One of these a server; the service starts it when it is ready, and stops it."""

    def __init__(self, service: Service, files: Files) -> None:
        settings, path = service.settings.jobs, service.jobs_folder
        self.files = files
        self.shelf = Shelf(
            None if path is None else Folder(path), settings, service.metrics.files.jobs_held
        )
        self.runner = Runner(service, files, self.shelf, settings.at_once)
        self._messenger = Messenger(
            self.shelf, settings, self.show, service.metrics.files.webhook_sent
        )

    async def start(self) -> None:
        """Go on with what is there."""
        await self.shelf.look()
        self.runner.start()
        self._messenger.start()

    async def stop(self) -> None:
        """Leave the rest to the next server."""
        await self.runner.stop()
        await self._messenger.stop()
        await self.shelf.close()

    def show(self, job: Job) -> dict[str, Any]:
        """Return a job as its client is shown it."""
        return job_object(job, self.runner.heard(job), self.shelf.expires_at(job))

    async def remove(self, job: Job) -> None:
        """Leave nothing of a job, and stop it."""
        await self.shelf.remove(job)
        await self.runner.cancel(job)

    @asynccontextmanager
    async def incoming(self) -> AsyncIterator[tuple[str, Path]]:
        """Have room on disk for an upload; what has not become a job by the end of it is gone."""
        name, folder = new_id(), self.shelf.folder
        try:
            path = await asyncio.to_thread(folder.begin, name)
        except OSError as error:
            raise no_room(error, "jobs") from error
        try:
            yield name, path
        finally:
            await asyncio.shield(asyncio.to_thread(folder.abandon, name))


def jobs_of(service: Service, files: Files) -> Jobs | None:
    """Return the jobs of a service, which then starts and stops them; None where it takes none."""
    if not service.settings.jobs.enabled:
        return None
    jobs = Jobs(service, files)
    service.accompany(jobs)
    return jobs
