"""Webhooks being delivered: tried until somebody takes them, ever more rarely, and not for ever."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import random
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import h11

from streaming.errors import BadConfiguration
from streaming.logs import get_logger
from streaming.rest.jobs import signing
from streaming.rest.jobs.destinations import Destinations, Unreachable
from streaming.rest.jobs.job import Delivery, Job, Webhook
from streaming.rest.jobs.post import post
from streaming.rest.jobs.shelf import Shelf
from streaming.settings.jobs import JobSettings

_log = get_logger(__name__)

_AT_ONCE: Final = 8
_FIRST_S: Final = 5.0
_FACTOR: Final = 3.0
_LONGEST_S: Final = 1_200.0
_LOOK_S: Final = 60.0
_GONE: Final = 410  # nobody wants to hear of it, by the receiver's own word
_FAILURES: Final = (OSError, TimeoutError, Unreachable, h11.ProtocolError, BadConfiguration)


class Messenger:
    """Tells of jobs that are over, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        shelf: Shelf,
        settings: JobSettings,
        show: Callable[[Job], dict[str, Any]],
        count: Callable[[str], None],
    ) -> None:
        self._shelf = shelf
        self._settings = settings
        self._show = show
        self._count = count
        self._destinations = Destinations(settings.webhook_hosts)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with those that the last server did not get to."""
        self._loop = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Leave the rest to the next server."""
        tasks = [*self._under_way.values(), *([self._loop] if self._loop else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            now, wait_s = self._shelf.clock(), _LOOK_S
            for job, hook, at in self._pending():
                if at > now:
                    wait_s = min(wait_s, at - now)
                elif len(self._under_way) < _AT_ONCE:
                    task = asyncio.create_task(self._deliver(job, hook))
                    self._under_way[job.id] = task
                    task.add_done_callback(functools.partial(self._tried, job.id))
            await self._shelf.news(wait_s)

    def _tried(self, name: str, _: asyncio.Task[None]) -> None:
        del self._under_way[name]
        self._shelf.wake()  # there may be a next time

    def _pending(self) -> list[tuple[Job, Webhook, float]]:
        pending = [
            (job, job.webhook, job.webhook.next_at)
            for job in self._shelf
            if job.webhook is not None
            and job.webhook.state is Delivery.PENDING
            and job.webhook.next_at is not None
            and job.id not in self._under_way
        ]
        return sorted(pending, key=lambda each: each[2])

    async def _deliver(self, job: Job, hook: Webhook) -> None:
        """Try once, and note what came of it."""
        now, status, failure = self._shelf.clock(), None, ""
        try:
            status = await self._send(job, hook, now)
        except _FAILURES as error:
            failure = type(error).__name__
        attempts = hook.attempts + 1
        taken = status is not None and 200 <= status < 300
        over = taken or status == _GONE or attempts >= self._settings.webhook_attempts
        state = Delivery.DELIVERED if taken else Delivery.FAILED if over else Delivery.PENDING
        self._count("delivered" if taken else "failed" if over else "retried")
        log = _log.info if taken else _log.warning
        log("webhook", job=job.id[:12], attempt=attempts, answer=status, error=failure or None)
        hook = dataclasses.replace(hook, state=state, attempts=attempts, status=status)
        if over:  # what may be secret in it is of no more use
            parts = urlsplit(hook.url)
            host = parts.netloc
            hook = dataclasses.replace(
                hook, url=f"{parts.scheme}://{host}", secret="", next_at=None
            )
        else:
            hook = dataclasses.replace(hook, next_at=now + pause_s(attempts))
        await self._shelf.change(dataclasses.replace(job, webhook=hook))

    async def _send(self, job: Job, hook: Webhook, now: float) -> int:
        # Looked at again: the operator may have changed what is allowed.
        target = self._destinations.check(hook.url, anonymous=not job.owner.key)
        told = job.webhook and dataclasses.replace(job, webhook=None)
        name = f"evt_{job.id.removeprefix('job_')}"
        event = {
            "id": name,
            "object": "event",
            "type": f"job.{job.state.value}",
            "created_at": int(job.ended_at or now),
            "data": self._show(told or job),
        }
        body = json.dumps(event, ensure_ascii=False).encode()
        signed = signing.headers(hook.secret, name, body, now)
        return await post(target, signed, body, timeout_s=self._settings.webhook_timeout_s)


def pause_s(attempts: int) -> float:
    """Return how long to wait behind so many attempts: three times as long each, within a quarter.

    A receiver that was down is not met by all at once.
    """
    usual = min(_LONGEST_S, _FIRST_S * _FACTOR ** (attempts - 1))
    return usual * random.uniform(0.75, 1.25)  # noqa: S311 - nothing secret about it
