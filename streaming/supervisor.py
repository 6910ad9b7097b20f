"""Notices engines that are stuck or broken, and puts fresh ones in their place.

A thread inside CTranslate2 can't be stopped. It is left behind with its engine; what it was
decoding is decoded again by others, and what it may answer one day is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from streaming.engine.base import Engine
from streaming.faults import Faults
from streaming.logs import get_logger
from streaming.station import State, Station, close_engine
from streaming.threads import CallThread, Outcome
from streaming.worker import Worker

_log = get_logger(__name__)
_LOOK_S = 1.0
_PAUSES_S = (0.0, 2.0, 10.0, 30.0)
_CLOSE_S = 10.0
_LEAST_LOAD_S = 60.0
_TIMES_FIRST_LOAD = 5.0

Reload = Callable[[int], Engine]
"""Loads the engine of a number anew, and warms it up; called in a thread of its own."""


class Crew(Protocol):
    """Whoever has the workers."""

    @property
    def workers(self) -> Sequence[Worker]:
        """Those at work."""
        ...

    def dismiss(self, worker: Worker, *, suspect: bool) -> None:
        """Go on without a worker: what it was decoding is decoded again."""
        ...

    def hire(self, station: Station, number: int) -> None:
        """Put a new worker in the place of one that has been dismissed."""
        ...

    def lose(self, station: Station) -> None:
        """Do without a station from now on: its engine can't be had back."""
        ...


class Restarts:
    """How often an engine may be loaded anew, and after what pause; times are handed in."""

    def __init__(self, most: int, within_s: float = 600.0) -> None:
        self._most = most
        self._within_s = within_s
        self._at: list[float] = []

    def next(self, now: float) -> float | None:
        """Count one more; return the pause before it in seconds, or None when there is none."""
        self._at = [at for at in self._at if now - at < self._within_s]
        if len(self._at) >= self._most:
            return None
        self._at.append(now)
        return _PAUSES_S[min(len(self._at), len(_PAUSES_S)) - 1]


class Supervisor:
    """Looks after the workers of all stations; :meth:`watch` runs as long as they do."""

    def __init__(
        self,
        crew: Crew,
        stations: Sequence[Station],
        reload: Reload,
        faults: Faults,
        *,
        max_restarts: int,
        load_s: float = 0.0,
    ) -> None:
        self._crew = crew
        self._reload = reload
        self._faults = faults
        self._restarts = {station: Restarts(max_restarts) for station in stations}
        self._vacant: dict[Station, list[int]] = {station: [] for station in stations}
        self._deadline_s = max(_LEAST_LOAD_S, _TIMES_FIRST_LOAD * load_s)
        self._tasks: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                self.look(time.monotonic())
        finally:
            for task in self._tasks:
                task.cancel()

    def look(self, now: float) -> None:
        """Find out who is stuck, and who has ended without being told to."""
        for worker in list(self._crew.workers):
            station = worker.station
            if worker.task is not None and worker.task.done():
                _log.error("worker_crashed", worker=worker.number, exc_info=_failure(worker.task))
                self._faults.engine_fault("crashed")
                self._crew.dismiss(worker, suspect=False)
                self._crew.hire(station, worker.number)
            elif worker.overdue(now):
                _log.error(
                    "engine_stuck",
                    worker=worker.number,
                    waited_s=round(station.heartbeat.oldest_s(now) or 0.0, 1),
                    rows=len(worker.jobs),
                )
                self._faults.engine_fault("stuck")
                self._crew.dismiss(worker, suspect=True)
                self._vacant[station].append(worker.number)
                self.restart(station)

    def restart(self, station: Station, *, broken: bool = False) -> None:
        """Load a fresh engine for a station, unless that is being done.

        A broken engine is asked for nothing more meanwhile; beside a stuck worker others go on.
        """
        if broken:
            station.open.clear()
        if station.state is State.SERVING:
            station.state = State.RESTARTING
            task = asyncio.get_running_loop().create_task(self._restart(station, broken=broken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _restart(self, station: Station, *, broken: bool) -> None:
        while (pause_s := self._restarts[station].next(time.monotonic())) is not None:
            await asyncio.sleep(pause_s)
            if broken:  # its memory is free before the fresh one asks for it, if that can be
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_CLOSE_S):
                        await station.holder.close()
            began = time.monotonic()
            outcome = await self._load(station.number)
            if outcome.value is not None:
                station.install(outcome.value)
                station.restarts += 1
                self._faults.engine_restarted("done")
                _log.warning("engine_restarted", load_s=round(time.monotonic() - began, 1))
                for number in self._vacant[station]:
                    self._crew.hire(station, number)
                self._vacant[station].clear()
                return
            self._faults.engine_restarted("failed")
            _log.error("engine_restart_failed", error=type(outcome.error).__name__)
        _log.critical("engine_lost", engine=station.number)
        station.state = State.LOST
        self._crew.lose(station)

    async def _load(self, number: int) -> Outcome[Engine]:
        """Load in a thread of its own: loading may hang as well as decoding."""
        thread = CallThread(f"load-{number}")
        loading = thread.call(lambda: self._reload(number))
        thread.close()
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asyncio.shield(loading)
        except TimeoutError as error:
            loading.add_done_callback(_close_late)
            return Outcome(error=error)


def _close_late(loading: asyncio.Future[Outcome[Engine]]) -> None:
    """Free an engine that came when nobody waited for it any more."""
    engine = loading.result().value
    if engine is not None:
        close_engine(engine)


def _failure(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
