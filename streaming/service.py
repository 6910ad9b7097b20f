"""Everything one process shares: engines, scheduler, places, and the sessions going on."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from streaming.admission import Admission, AdmissionLimits, Place, Tell
from streaming.auth.gate import Gate
from streaming.decoding import DecodeRequest
from streaming.doorway import open_gate
from streaming.endpointing import Endpointing
from streaming.engine.base import Engine, EngineInfo
from streaming.engine_room import EngineRoom, Loader, Reloader
from streaming.errors import Overloaded, Restarting
from streaming.heap import keep_trimmed
from streaming.lifecycle import Life, Lifecycle
from streaming.limits import ConnectionLimits
from streaming.logs import get_logger
from streaming.media.live import DecoderPool, LiveDecoders
from streaming.metered import MeteredDetector
from streaming.metrics import Metrics
from streaming.options import SessionConfig, parse_start
from streaming.parking import Parkable, Parking
from streaming.principal import Principal
from streaming.quotas import Quotas
from streaming.scheduler import Scheduler
from streaming.session import Session
from streaming.settings import Settings
from streaming.transcripts import Transcript, TranscriptBounds, Transcripts
from streaming.vad import VadConfig, VoiceDetector
from streaming.window import WindowConfig

_log = get_logger(__name__)

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


class Companion(Protocol):
    """What works beside the sessions, from when the service is ready to its end."""

    async def start(self) -> None:
        """Begin; the service is ready."""
        ...

    async def stop(self) -> None:
        """End; nothing is decoded behind this."""
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
        jobs_folder: Path | None = None,
    ) -> None:
        self.settings = settings
        self.jobs_folder = settings.jobs.folder or jobs_folder
        self._companions: list[Companion] = []
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
            read=lambda now: self.engine_room.load(now),
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
        self.engine_room = EngineRoom(settings.engine, load, self.metrics, reload=reload)
        self._connections: set[Live] = set()
        self._trimming: asyncio.Task[None] | None = None
        self.parking: Parking[Any] = Parking(
            limits.max_parked, limits.max_parked_bytes, limits.resume_ms
        )
        self.decoders: LiveDecoders = DecoderPool(limits.max_decoders)
        self.transcripts = self._kept_transcripts()
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
        return self.engine_room.scheduler

    @property
    def engines(self) -> Sequence[Engine]:
        """What decodes; none of them before :meth:`start` is through."""
        return self.engine_room.engines

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

    # -- what sessions said --------------------------------------------------------------------

    def _kept_transcripts(self) -> Transcripts | None:
        kept = self.settings.captions
        bounds = TranscriptBounds(kept.max_session_bytes, kept.max_bytes, kept.keep_s)
        return Transcripts(bounds, self._forget_later) if kept.kept else None

    def transcript(
        self, session_id: str, token: str, principal: Principal, config: SessionConfig
    ) -> Transcript | None:
        """Begin to keep what a session says; None where nothing is kept."""
        if self.transcripts is None:
            return None
        names = config.audio.channel_names
        return self.transcripts.open(session_id, token, principal, names)

    def _forget_later(self) -> None:
        if self.transcripts is not None:
            forget = functools.partial(self._forget, self.transcripts)
            asyncio.get_running_loop().call_later(self.transcripts.keep_s, forget)

    @staticmethod
    def _forget(transcripts: Transcripts) -> None:
        transcripts.expire(time.monotonic())

    def accompany(self, companion: Companion) -> None:
        """Start it when the service is ready, and stop it with the service."""
        self._companions.append(companion)

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load and warm up; raises what loading raises."""
        # The network of the voice detector is loaded here, not in someone's first second.
        await asyncio.to_thread(VoiceDetector, self._vad)
        await self.engine_room.start()
        self._trimming = asyncio.create_task(keep_trimmed())
        self.lifecycle.move(Life.READY)
        for companion in self._companions:
            await companion.start()

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
        for companion in self._companions:
            await companion.stop()
        if self._trimming is not None:
            self._trimming.cancel()
            await asyncio.gather(self._trimming, return_exceptions=True)
        await self.decoders.stop()
        await self.engine_room.stop()
