"""The engines of a process: loaded, warmed up, fed, replaced when they hang, and how they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from streaming.engine.base import Engine
from streaming.headroom import Reading
from streaming.heartbeat import Heartbeat
from streaming.logs import get_logger
from streaming.metered import MeteredEngine
from streaming.metrics import Metrics
from streaming.scheduler import Care, Scheduler
from streaming.settings import EngineSettings
from streaming.station import State, Station, StationReading
from streaming.warmup import LAST_S, warm_up

_log = get_logger(__name__)

Loader = Callable[[], Sequence[Engine]]
Reloader = Callable[[int], Engine]
_BROKEN_BATCHES = 3  # in a row without an answer: not one recording's fault any more


class EngineRoom:
    """Engines and scheduler: :meth:`start` loads them, :meth:`stop` frees them.

    ``reload`` loads one of several engines anew, by its number; without it, and for a single one,
    ``load`` does.
    """

    def __init__(
        self,
        settings: EngineSettings,
        load: Loader,
        metrics: Metrics,
        *,
        reload: Reloader | None = None,
    ) -> None:
        self._settings = settings
        self._load = load
        self._reload = reload
        self._metrics = metrics
        self._loaded: Sequence[Engine] = ()
        self._scheduler: Scheduler | None = None
        self._stopped = False

    @property
    def scheduler(self) -> Scheduler:
        """The queue; RuntimeError before :meth:`start` is through."""
        if self._scheduler is None:
            raise RuntimeError("the service has not started")
        return self._scheduler

    @property
    def engines(self) -> Sequence[Engine]:
        """What decodes; none of them before :meth:`start` is through."""
        return self._scheduler.engines if self._scheduler is not None else ()

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load and warm up; raises what loading raises."""
        began = time.monotonic()
        self._loaded = await asyncio.to_thread(self._load)
        heartbeats = [Heartbeat(self._settings.stuck_s) for _ in self._loaded]
        took_s = 0.0
        for engine, heartbeat in zip(self._loaded, heartbeats, strict=True):
            took_s = await asyncio.to_thread(warm_up, engine, heartbeat)
        load_s = time.monotonic() - began
        self._scheduler = Scheduler(
            [MeteredEngine(engine, self._metrics) for engine in self._loaded],
            care=Care(
                self._fresh_engine,
                heartbeats,
                max_restarts=self._settings.max_restarts,
                load_s=load_s,
            ),
            faults=self._metrics,
        )
        self._scheduler.headroom.guess(took_s, LAST_S)
        self._scheduler.start()
        info = self._loaded[0].info
        _log.info(
            "ready",
            model=info.model,
            partial_model=info.partial_model,
            device=[engine.info.device for engine in self._loaded],
            compute_type=info.compute_type,
            workers=sum(engine.info.concurrency for engine in self._loaded),
            load_s=round(load_s, 2),
        )

    async def stop(self) -> None:
        """Free threads and models; a batch in progress is waited for, however long it takes."""
        self._stopped = True
        if self._scheduler is None:  # warming up has failed
            for engine in self._loaded:
                engine.close()
            return
        await self._scheduler.stop()
        for station in self._scheduler.stations:
            await station.holder.close()

    def _fresh_engine(self, number: int) -> Engine:
        """Load one engine again, to take the place of a stuck or broken one."""
        if self._reload is not None and len(self._loaded) > 1:
            engine = self._reload(number)
        else:
            engine = self._load()[number]
        try:
            warm_up(engine)
        except Exception:
            engine.close()
            raise
        return MeteredEngine(engine, self._metrics)

    # -- how they are --------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """``ok``, or the worst there is: ``failing`` at everything, ``restarting``, ``lost``;
        ``starting`` before the start and ``stopped`` behind the end.
        """  # noqa: D205
        if self._stopped or self._scheduler is None:
            return "stopped" if self._stopped else "starting"
        states = {station.state for station in self._scheduler.stations}
        for state in (State.LOST, State.RESTARTING):
            if state in states:
                return state.value
        failing = self._scheduler.load.failures >= _BROKEN_BATCHES
        return "failing" if failing else State.SERVING.value

    @property
    def restarts(self) -> int:
        """How often engines were loaded anew."""
        return sum(station.restarts for station in self._stations)

    @property
    def left_behind(self) -> int:
        """How many threads hang in an engine that was given up."""
        return self._scheduler.left_behind if self._scheduler else 0

    def read(self) -> Sequence[StationReading]:
        """How each engine is now."""
        now = time.monotonic()
        return [station.read(now) for station in self._stations]

    def load(self, now: float) -> Reading:
        """How busy the workers are."""
        return self._scheduler.headroom.read(now) if self._scheduler else Reading()

    async def response_ms(self, timeout_s: float) -> int | None:
        """How long the engines take to turn to something new, or None when they don't answer.

        A trifle is queued behind what the decoding threads are doing now. An engine that fails at
        everything does not answer either, however quickly it fails.
        """
        if self._scheduler is None or self.state != State.SERVING:
            return None
        now = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                await self._scheduler.turn()
        except TimeoutError:
            return None
        return int((time.monotonic() - now) * 1000)

    def gpu_memory_used(self) -> str | None:
        """Memory in use on all engines' GPUs, as ``"9783 MiB"``; None without a GPU."""
        used = [engine.memory_used_bytes() for engine in self.engines]
        known = [value for value in used if value is not None]
        return f"{sum(known) // 2**20} MiB" if known else None

    @property
    def _stations(self) -> Sequence[Station]:
        return self._scheduler.stations if self._scheduler is not None else ()
