"""Everything one process shares: engines, scheduler, places, and the sessions going on."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from streaming.admission import Admission, AdmissionLimits, Place, Tell
from streaming.auth.gate import Gate
from streaming.decoding import DecodeRequest
from streaming.doorway import open_gate
from streaming.endpointing import Endpointing
from streaming.engine.base import Engine, EngineInfo
from streaming.errors import Overloaded, Restarting
from streaming.headroom import Reading
from streaming.heartbeat import Heartbeat
from streaming.lifecycle import Life, Lifecycle
from streaming.limits import ConnectionLimits
from streaming.logs import get_logger
from streaming.metered import MeteredDetector, MeteredEngine
from streaming.metrics import Metrics
from streaming.options import SessionConfig, parse_start
from streaming.parking import Parkable, Parking
from streaming.principal import Principal
from streaming.quotas import Quotas
from streaming.scheduler import Care, Scheduler
from streaming.session import Session
from streaming.settings import Settings
from streaming.station import State
from streaming.vad import VadConfig, VoiceDetector
from streaming.warmup import LAST_S, warm_up
from streaming.window import WindowConfig

_log = get_logger(__name__)

Loader = Callable[[], Sequence[Engine]]
Reloader = Callable[[int], Engine]
_BROKEN_BATCHES = 3  # in a row without an answer: not one recording's fault any more
_CLOSING_S = 10.0


class Holding(Protocol):
    """Whatever has audio of a session: a connection, or a parked conversation."""

    @property
    def backlog_ms(self) -> int:
        """Audio of ended segments that waits for its final."""
        ...

    def work(self) -> Iterable[DecodeRequest]:
        """Yield what could be decoded now; nothing changes by asking."""
        ...


class Live(Holding, Protocol):
    """A live connection, as far as the service is concerned with it."""

    @property
    def transport(self) -> str:
        """The name of its dialect."""
        ...

    @property
    def active(self) -> bool:
        """Whether it holds a session."""
        ...

    async def drain(self, deadline_s: float) -> None:
        """Finish what was said, then close."""
        ...


class Service:
    """The heart of a server; :meth:`start` loads, :meth:`drain` and :meth:`stop` end it."""

    def __init__(
        self,
        settings: Settings,
        load: Loader,
        metrics: Metrics | None = None,
        *,
        reload: Reloader | None = None,
        keys_file: Path | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = metrics or Metrics()
        self.lifecycle = Lifecycle()
        limits = settings.limits
        self.admission = Admission(
            AdmissionLimits(
                max_sessions=limits.max_sessions,
                ceiling=settings.admission.finals_share,
                late_s=settings.admission.late_ms / 1000,
                max_waiting=settings.admission.max_waiting,
                max_wait_s=settings.admission.max_wait_s,
            ),
            Quotas(settings.quotas.limits),
            opened=self.check_life,
            read=self._read_load,
            returning=lambda: len(self.parking) > 0,
            watcher=self.metrics,
        )
        self.slots = self.admission.slots
        self.connection_limits = ConnectionLimits(
            max_message_bytes=limits.max_message_bytes,
            max_session_ms=limits.max_session_ms,
            max_idle_ms=limits.max_idle_ms,
            max_backlog_ms=limits.max_backlog_ms,
            max_rate=limits.max_rate,
            burst_ms=limits.burst_ms,
            max_bytes_per_s=limits.max_bytes_per_s,
            burst_bytes=limits.burst_bytes,
        )
        self._keys_file = keys_file
        self._load = load
        self._reload = reload
        self._engines: Sequence[Engine] = ()
        self._scheduler: Scheduler | None = None
        self._connections: set[Live] = set()
        self.parking: Parking[Any] = Parking(
            limits.max_parked, limits.max_parked_bytes, limits.resume_ms
        )
        self._empty = asyncio.Event()
        self._empty.set()
        self._vad = VadConfig(**settings.vad.model_dump())
        self._window = WindowConfig(**settings.partials.model_dump())
        self._detector = functools.partial(MeteredDetector, self.metrics)
        self.session_defaults = SessionConfig(
            endpointing=Endpointing(**settings.endpointing.model_dump(exclude={"preset"}))
        )

    # -- who comes in --------------------------------------------------------------------------

    @functools.cached_property
    def gate(self) -> Gate:
        """Who decides who comes in. The file of keys is read when this is first asked for."""
        return open_gate(self.settings, self.metrics, self._keys_file)

    # -- what sessions need --------------------------------------------------------------------

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

    @property
    def engine_info(self) -> EngineInfo:
        """What decodes."""
        return self.scheduler.engines[0].info

    @property
    def languages(self) -> Sequence[str]:
        """The codes that sessions may ask for."""
        return self.engine_info.languages

    @property
    def published_limits(self) -> Mapping[str, int]:
        """The caps that a client is told."""
        limits = self.settings.limits
        return {
            "max_session_ms": limits.max_session_ms,
            "max_idle_ms": limits.max_idle_ms,
            "max_message_bytes": limits.max_message_bytes,
            "max_backlog_ms": limits.max_backlog_ms,
            "max_bytes_per_s": limits.max_bytes_per_s,
        }

    def parse_start(self, options: Mapping[str, object]) -> SessionConfig:
        """Read the options of a new session; raises what names the one at fault."""
        return parse_start(
            options,
            languages=self.languages,
            defaults=self.session_defaults,
            max_channels=self.settings.limits.max_channels,
        )

    def new_session(self, config: SessionConfig) -> Session:
        """Make a session with the operator's detection settings."""
        return Session(config, vad=self._vad, window=self._window, detector=self._detector)

    # -- places --------------------------------------------------------------------------------

    @property
    def connections(self) -> Collection[Live]:
        """Those with a socket, whether or not they have a session yet."""
        return self._connections

    def check_life(self) -> None:
        """Raise why nobody is let in, while the model loads or the server goes down."""
        life = self.lifecycle.life
        if life is Life.STARTING:
            raise Overloaded("the speech model is still loading", retry_after_ms=2_000)
        if life is not Life.READY:
            raise Restarting("the server is restarting; reconnect now")

    async def enter(self, principal: Principal, tell: Tell, address: str = "") -> Place:
        """Return a place for a session; see :meth:`Admission.enter`."""
        return await self.admission.enter(principal, address, tell)

    def _read_load(self, now: float) -> Reading:
        return self._scheduler.headroom.read(now) if self._scheduler else Reading()

    def join(self, connection: Live) -> None:
        """Know of a connection from the moment its socket is open."""
        self._connections.add(connection)
        self._empty.clear()

    def part(self, connection: Live) -> None:
        """It is no more."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def park(self, conversation: Parkable) -> bool:
        """Keep a conversation without a socket for a while; False where nobody could come back."""
        if self.lifecycle.life is not Life.READY:
            return False
        self.parking.park(conversation, time.monotonic())
        loop = asyncio.get_running_loop()
        loop.call_later(self.parking.resume_s, self._expire)
        return True

    def _expire(self) -> None:
        self.parking.expire(time.monotonic())

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load and warm up; raises what loading raises."""
        began = time.monotonic()
        self._engines = await asyncio.to_thread(self._load)
        chosen = self.settings.engine
        heartbeats = [Heartbeat(chosen.stuck_s) for _ in self._engines]
        for engine, heartbeat in zip(self._engines, heartbeats, strict=True):
            took_s = await asyncio.to_thread(warm_up, engine, heartbeat)
        # The network of the voice detector is loaded here too, not in someone's first second.
        await asyncio.to_thread(VoiceDetector, self._vad)
        self._scheduler = Scheduler(
            [MeteredEngine(engine, self.metrics) for engine in self._engines],
            care=Care(
                self._fresh_engine,
                heartbeats,
                max_restarts=chosen.max_restarts,
                load_s=time.monotonic() - began,
            ),
            faults=self.metrics,
        )
        self._scheduler.headroom.guess(took_s, LAST_S)
        self._scheduler.start()
        self.lifecycle.move(Life.READY)
        info = self.engine_info
        _log.info(
            "ready",
            model=info.model,
            partial_model=info.partial_model,
            device=[engine.info.device for engine in self._engines],
            compute_type=info.compute_type,
            workers=sum(engine.info.concurrency for engine in self._engines),
            load_s=round(time.monotonic() - began, 2),
        )

    async def drain(self, deadline_s: float) -> None:
        """Take no new sessions and let the live ones finish what was said."""
        if self.lifecycle.life is not Life.READY:
            return
        self.lifecycle.move(Life.DRAINING)
        self.admission.close(Restarting("the server is restarting; reconnect now"))
        live = list(self._connections)
        _log.info("draining", sessions=len(live), deadline_s=deadline_s)
        self.parking.close()  # nobody is let in to take one up
        drains = (connection.drain(deadline_s) for connection in live)
        await asyncio.gather(*drains, return_exceptions=True)
        async with asyncio.timeout(_CLOSING_S):
            await self._empty.wait()

    async def stop(self) -> None:
        """Free threads and models."""
        if self.lifecycle.life is Life.STOPPED:
            return
        self.lifecycle.move(Life.STOPPED)
        if self._scheduler is not None:
            await self._scheduler.stop()
            for station in self._scheduler.stations:
                await station.holder.close()
            return
        for engine in self._engines:  # warming up has failed
            engine.close()

    def _fresh_engine(self, number: int) -> Engine:
        """Load one engine again, to take the place of a stuck or broken one."""
        if self._reload is not None and len(self._engines) > 1:
            engine = self._reload(number)
        else:
            engine = self._load()[number]
        try:
            warm_up(engine)
        except Exception:
            engine.close()
            raise
        return MeteredEngine(engine, self.metrics)

    # -- health --------------------------------------------------------------------------------

    @property
    def engine_restarts(self) -> int:
        """How often engines were loaded anew."""
        return (
            sum(station.restarts for station in self._scheduler.stations) if self._scheduler else 0
        )

    @property
    def left_behind(self) -> int:
        """How many threads hang in an engine that was given up."""
        return self._scheduler.left_behind if self._scheduler else 0

    @property
    def engine_state(self) -> str:
        """``ok``, or the worst there is: ``failing`` at everything, ``restarting``, ``lost``."""
        if self._scheduler is None or self.lifecycle.life is Life.STOPPED:
            return Life.STARTING.value if self._scheduler is None else Life.STOPPED.value
        states = {station.state for station in self._scheduler.stations}
        for state in (State.LOST, State.RESTARTING):
            if state in states:
                return state.value
        failing = self._scheduler.load.failures >= _BROKEN_BATCHES
        return "failing" if failing else State.SERVING.value

    async def engine_response_ms(self, timeout_s: float) -> int | None:
        """How long the engine takes to turn to something new, or None when it doesn't answer.

        A trifle is queued behind what the decoding threads are doing now. An engine that fails at
        everything does not answer either, however quickly it fails.
        """
        if self._scheduler is None or self.engine_state != State.SERVING:
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
