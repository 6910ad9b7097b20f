"""Running a service under uvicorn: loading behind an open port, and an orderly way down."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from streaming.app import create_app
from streaming.engine import load_engines
from streaming.engine.base import Engine
from streaming.engine.device import DeviceProbe, choose_device
from streaming.errors import WirescribeError
from streaming.lifecycle import Life
from streaming.logs import get_logger
from streaming.models import resolve
from streaming.service import Service
from streaming.settings import EngineSettings, Settings

_log = get_logger(__name__)
# The protocol closes with 1009 and without a word above this; below it, our own cap says why.
_HARD_MESSAGE_FACTOR = 4


class Server(uvicorn.Server):
    """uvicorn, but SIGTERM drains first: uvicorn itself closes the sockets before its lifespan
    ends, which would lose what was just said. A second signal exits at once.
    """  # noqa: D205

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._drain_task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self.failure: WirescribeError | Exception | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first signal, leave on the second."""
        if self._drain_task is not None or self._service.lifecycle.life is not Life.READY:
            self.force_exit = True
            super().handle_exit(sig, frame)
            return
        loop = asyncio.get_running_loop() if _loop_is_running() else None
        if loop is None:
            super().handle_exit(sig, frame)
            return
        self._drain_task = loop.create_task(self._drain())

    async def _drain(self) -> None:
        deadline_s = self._service.settings.server.drain_s
        with contextlib.suppress(TimeoutError):
            await self._service.drain(deadline_s)
        self.should_exit = True

    async def serve(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Listen at once, load meanwhile, and free everything at the end."""
        loading = asyncio.create_task(self._load())
        try:
            await super().serve(sockets)  # type: ignore[arg-type]
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            await self._service.stop()

    async def _load(self) -> None:
        try:
            await self._service.start()
        except Exception as error:
            self.failure = error
            self.should_exit = True
            return
        await self._listening.wait()
        if self.started:
            self._announce()

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Open the port."""
        await super().startup(sockets)  # type: ignore[arg-type]
        self._listening.set()

    def _announce(self) -> None:
        port = self.servers[0].sockets[0].getsockname()[1]
        host = self._service.settings.server.host
        shown = f"[{host}]" if ":" in host else host
        info = self._service.engine_info
        sys.stderr.write(
            f"Wirescribe listens at http://{shown}:{port} "
            f"({info.model}, {info.compute_type} on {info.device})\n"
        )
        sys.stderr.flush()


def run(settings: Settings) -> int:
    """Serve until told to stop; return the exit status."""
    service = Service(settings, engine_loader(settings.engine))
    server = settings.server
    config = uvicorn.Config(
        create_app(service),
        host=server.host,
        port=server.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=settings.limits.max_message_bytes * _HARD_MESSAGE_FACTOR,
        ws_ping_interval=server.ping_interval_s,
        ws_ping_timeout=server.ping_timeout_s,
        ws_per_message_deflate=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    if server.host not in ("127.0.0.1", "::1", "localhost"):
        _log.warning("open_to_the_network", host=server.host, advice="no keys are checked yet")
    uvicorn_server = Server(config, service)
    # uvicorn raises the signal it caught again when it has stopped; by then all is done.
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, lambda *_: None)
        asyncio.run(uvicorn_server.serve())
    failure = uvicorn_server.failure
    if failure is not None:
        if isinstance(failure, WirescribeError):
            sys.stderr.write(f"wirescribe: {failure}\n")
        else:
            _log.error("start_failed", exc_info=failure)
        return 1
    return 0 if uvicorn_server.started else 1


def engine_loader(settings: EngineSettings) -> Callable[[], list[Engine]]:
    """Return what loads the engines that the settings ask for."""

    def load() -> list[Engine]:
        choice = choose_device(
            device=settings.device,
            compute_type=settings.compute_type,
            model=settings.model,
            indices=settings.device_index,
            probe=DeviceProbe(),
        )
        files = resolve(choice.model, models_dir=settings.models_dir, offline=settings.offline)
        _log.info(
            "loading",
            model=files.name,
            device=choice.device,
            devices=list(choice.indices),
            compute_type=choice.compute_type,
        )
        return load_engines(
            files.path,
            choice,
            name=files.name,
            workers=settings.workers,
            max_batch=settings.max_batch,
        )

    return load


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
