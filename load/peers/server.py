"""A server as a process of ours: started on a free port, waited for, and stopped, all bounded."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

_LOOK_S = 0.1
_LAST_LINES = 3


class ServerFailed(Exception):
    """A server didn't come up; holds its last words."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server and how to know that it is ready.

    ``ready_path`` is asked over HTTP until it answers 200; without one, a connection will do.
    """

    command: Sequence[str]
    port: int
    environment: Mapping[str, str]
    ready_path: str | None = None
    ready_s: float = 120.0
    stop_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is ready; ``started_s`` is how long that took."""

    pid: int
    port: int
    started_s: float

    @property
    def url(self) -> str:
        """Its WebSocket address, without a path."""
        return f"ws://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port of the loopback device that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(launch: Launch) -> Iterator[Running]:
    """Runs the server for the length of the block; ``ServerFailed`` where it doesn't come up."""
    begun = time.monotonic()
    with TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            list(launch.command),
            env={**os.environ, **launch.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(launch, process, begun, log)
            yield Running(process.pid, launch.port, round(time.monotonic() - begun, 2))
        finally:
            _stop(process, launch.stop_s)


def _wait(launch: Launch, process: subprocess.Popen[bytes], begun: float, log: IO[bytes]) -> None:
    while not _answers(launch):
        if process.poll() is not None:
            raise ServerFailed(f"exited with {process.returncode}: {_last_words(log)}")
        if time.monotonic() - begun > launch.ready_s:
            raise ServerFailed(f"not ready within {launch.ready_s:g} s: {_last_words(log)}")
        time.sleep(_LOOK_S)


def _answers(launch: Launch) -> bool:
    if launch.ready_path is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", launch.port), timeout=2.0):
            return True
        return False
    address = f"http://127.0.0.1:{launch.port}{launch.ready_path}"
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=2.0) as answer:
            return bool(answer.status == 200)
    except (HTTPError, URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes], limit_s: float) -> None:
    """Asks the process and its children to end, then ends them."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_words(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
    # Where it is installed is nobody's business in a report.
    return " | ".join(lines).replace(str(Path.home()), "~") or "it said nothing"
