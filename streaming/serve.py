"""Running a service under uvicorn: loading behind an open port, and an orderly way down."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import uvicorn

from streaming.app import create_app
from streaming.auth.keyfile import default_keys_file
from streaming.complaints import Complaints
from streaming.confidence import MEASURED, Calibration
from streaming.engine import load_engines
from streaming.engine.base import Engine, EngineInfo
from streaming.engine.device import DeviceProbe, choose_device
from streaming.errors import BadConfiguration, WirescribeError
from streaming.lifecycle import Life
from streaming.logs import get_logger
from streaming.models import resolve
from streaming.opening import CIPHERS, Certificate, check_tls, check_who_comes_in
from streaming.service import Service
from streaming.settings import EngineSettings, ServerSettings, Settings
from streaming.settings.jobs import default_jobs_folder
from streaming.transports.pings import PingingProtocol
from streaming.transports.wire import http_protocol

_log = get_logger(__name__)
# The protocol closes with 1009 and without a word above this; below it, our own cap says why.
_HARD_MESSAGE_FACTOR = 4
_RENEW_S = 60  # between looks at the certificate
_STOP_S = 5.0  # for a decode in progress; a thread that hangs never ends by itself
_ENGINE_LOST = 70  # EX_SOFTWARE of sysexits.h: whoever watches the process starts it again
_LAST_RESORT_S = 9.0  # behind the deadline of a drain: before a container's grace is over


class Server(uvicorn.Server):
    """uvicorn, but SIGTERM drains first: uvicorn itself closes the sockets before its lifespan
    ends, which would lose what was just said. A second signal exits at once, and so does the
    ``last_resort`` where a process is to end whatever its event loop and its threads do.
    """  # noqa: D205

    def __init__(
        self,
        config: uvicorn.Config,
        service: Service,
        *,
        last_resort: Callable[[float], None] = lambda _: None,
    ) -> None:
        super().__init__(config)
        self._service = service
        self._last_resort = last_resort
        self.lost = False
        self._drain_task: asyncio.Task[None] | None = None
        self._forced_status = 0
        self._listening = asyncio.Event()
        self.failure: WirescribeError | Exception | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first signal, leave on the second, or when there is nothing to drain."""
        if self._drain_task is None and self._service.lifecycle.life is Life.READY:
            drain_s = self._service.settings.server.drain_s
            self._last_resort(drain_s + _LAST_RESORT_S)
            self._drain_task = asyncio.get_running_loop().create_task(self._drain(drain_s))
            return
        self._forced_status = 0 if self._drain_task is None else 128 + sig
        self.force_exit = True
        super().handle_exit(sig, frame)

    async def _drain(self, deadline_s: float) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                await self._service.drain(deadline_s)
        except Exception:
            _log.exception("drain_failed")
        finally:
            self.should_exit = True

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at once, load meanwhile, and free everything at the end."""
        asyncio.get_running_loop().set_exception_handler(Complaints())
        loading = asyncio.create_task(self._load())
        try:
            await super().serve(sockets)
        finally:
            # Threads can't be stopped: neither a model being loaded nor a decode that hangs.
            if self.force_exit:
                _leave(self._forced_status)
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            try:
                async with asyncio.timeout(_STOP_S):
                    await self._service.stop()
            except TimeoutError:
                _log.error("engine_stuck", waited_s=_STOP_S)
                _leave(_ENGINE_LOST if self.lost else 1)
            if self._service.engine_room.left_behind:  # libraries wait for such threads at the end
                _leave(_ENGINE_LOST if self.lost else 0)

    async def _load(self) -> None:
        try:
            await self._service.start()
        except Exception as error:
            self.failure = error
            self.should_exit = True
            return
        await self._listening.wait()
        self._announce()
        await self._service.scheduler.lost.wait()
        self.lost = True
        if self._drain_task is None:
            self._last_resort(_LAST_RESORT_S)
            self._drain_task = asyncio.get_running_loop().create_task(self._drain(0.0))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections."""
        await super().startup(sockets)
        self._listening.set()

    def _announce(self) -> None:
        port = self.servers[0].sockets[0].getsockname()[1]
        host = self._service.settings.server.host
        shown = f"[{host}]" if ":" in host else host
        info = self._service.engine_info
        scheme = "http" if self._service.settings.server.tls_certfile is None else "https"
        sys.stderr.write(
            f"Wirescribe listens at {scheme}://{shown}:{port} "
            f"({_models(info)}, {info.compute_type} on {info.device})\n"
        )
        if vosk_port := self._service.settings.server.vosk_port:
            sys.stderr.write(f"Clients of vosk-server are served at port {vosk_port}.\n")
        sys.stderr.flush()


def run(settings: Settings) -> int:
    """Serve until told to stop; return the exit status.

    Raises :class:`~streaming.errors.BadConfiguration` where the address can't be listened on, or
    not without a key.
    """
    server = settings.server
    check_tls(server)
    listeners = listen_at(server)
    service = Service(
        settings,
        engine_loader(settings.engine),
        reload=engine_reloader(settings.engine),
        keys_file=default_keys_file(),
        jobs_folder=default_jobs_folder(),
    )
    try:
        check_who_comes_in(service)
    except WirescribeError:
        for listener in listeners:
            listener.close()
        raise
    uvicorn_server = Server(server_config(settings, service), service, last_resort=_leave_after)
    # uvicorn raises the signal it caught again when it has stopped; by then all is done.
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, lambda *_: None)
        asyncio.run(uvicorn_server.serve(listeners))
    failure = uvicorn_server.failure
    if failure is not None:
        if isinstance(failure, WirescribeError):
            sys.stderr.write(f"wirescribe: {failure}\n")
        else:
            _log.error("start_failed", exc_info=failure)
        return 1
    if uvicorn_server.lost:
        return _ENGINE_LOST
    return 0 if uvicorn_server.started else 1


def listen_at(settings: ServerSettings) -> list[socket.socket]:
    """Open all ports that are asked for, or none; as :func:`listen` does."""
    listeners = [listen(settings.host, settings.port)]
    if settings.vosk_port:
        try:
            listeners.append(listen(settings.host, settings.vosk_port, "server.vosk_port"))
        except WirescribeError:
            listeners[0].close()
            raise
    return listeners


def listen(host: str, port: int, field: str = "server.port") -> socket.socket:
    """Open the port, before anything slow is begun; BadConfiguration says why it can't be."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BadConfiguration(
            f"server.host: {host!r} is not an address or name of this machine: {error}",
            field="server.host",
        ) from None
    family, _, _, _, address = found[0]
    try:
        one = socket.create_server(address, family=family)
    except OSError as error:
        reason = (
            "is taken by another process; choose another"
            + (" with --port" if field == "server.port" else "")
            if error.errno == errno.EADDRINUSE
            else f"can't be opened: {os.strerror(error.errno or 0)}"
        )
        named = f"{field}: {port} on {host!r} {reason}"
        raise BadConfiguration(named, field=field) from None
    # asyncio turns Nagle's algorithm off where a socket says that it is TCP's, which this one does
    # not: an event right behind another would wait 40 ms or more for the receipt of that.
    return socket.socket(one.family, one.type, socket.IPPROTO_TCP, fileno=one.detach())


def server_config(settings: Settings, service: Service) -> uvicorn.Config:
    """Return how uvicorn is to run the application of a service."""
    server = settings.server
    config = uvicorn.Config(
        create_app(service),
        host=server.host,
        port=server.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        http=http_protocol(settings.limits.start_timeout_ms / 1000),
        ws=PingingProtocol,
        ws_max_size=settings.limits.max_message_bytes * _HARD_MESSAGE_FACTOR,
        ws_ping_interval=server.ping_interval_s,
        ws_ping_timeout=server.ping_timeout_s,
        ws_per_message_deflate=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe anybody on this machine; the gate reads them
        ssl_certfile=server.tls_certfile,
        ssl_keyfile=server.tls_keyfile,
        ssl_ciphers=CIPHERS,
        timeout_graceful_shutdown=5,
    )
    if server.tls_certfile is not None:
        certificate = Certificate(server)

        async def renew() -> None:
            if config.ssl is not None:
                certificate.renew(config.ssl)

        config.callback_notify, config.timeout_notify = renew, _RENEW_S
    return config


def _leave_after(seconds: float) -> None:
    """End the process by then, whatever it does: its event loop may hang like any other thread."""

    def leave() -> None:
        _log.error("still_running", after_s=seconds)
        _leave(1)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()


def _leave(status: int) -> NoReturn:
    """End the process without waiting for its threads."""
    sys.stderr.flush()
    os._exit(status)


def _models(info: EngineInfo) -> str:
    return info.model + (f", partials by {info.partial_model}" if info.partial_model else "")


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
        find = functools.partial(resolve, models_dir=settings.models_dir, offline=settings.offline)
        files = find(choice.model)
        small = find(settings.partial_model) if settings.partial_model else files
        two = small.path != files.path  # the same one needs no second copy
        _log.info(
            "loading",
            model=files.name,
            partial_model=small.name if two else None,
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
            partial=(small.path, small.name) if two else None,
            calibration=Calibration(*settings.calibration) if settings.calibration else MEASURED,
            lead_ms=settings.word_lead_ms,
        )

    return load


def engine_reloader(settings: EngineSettings) -> Callable[[int], Engine]:
    """Return what loads one of several engines again: that of one device."""

    def reload(number: int) -> Engine:
        index = (settings.device_index or range(number + 1))[number]
        return engine_loader(settings.model_copy(update={"device_index": (index,)}))()[0]

    return reload
