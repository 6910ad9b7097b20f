"""The server as a process of its own, as an operator runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LISTENS = re.compile(r"listens at http://(\S+):(\d+)")
_POLL_S = 0.05
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerFailed(AssertionError):
    """The server did not start, or not stop, as it should; holds its log."""


class ServerProcess:
    """One running ``server.py`` on a free loopback port."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log_file = log
        self.port = 0

    @property
    def url(self) -> str:
        """The stream's address."""
        return f"ws://127.0.0.1:{self.port}/v1/stream"

    @property
    def http(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything that it has written so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a GET; 0 where nobody answers."""
        try:
            with _NO_PROXY.open(self.http + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self, timeout_s: float = 90.0) -> None:
        """Returns when ``/readyz`` says so; ``ServerFailed`` when it never does."""
        give_up = time.monotonic() + timeout_s
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                raise ServerFailed(f"exited with {self.process.returncode}\n{self.log}")
            found = _LISTENS.search(self.log)
            if found is not None:
                self.port = int(found[2])
                if self.get("/readyz")[0] == 200:
                    return
            time.sleep(_POLL_S)
        raise ServerFailed(f"not ready after {timeout_s:g} s\n{self.log}")

    def terminate(self) -> None:
        """Sends SIGTERM: drain and leave."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = 40.0) -> int:
        """The exit status."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"still running after {timeout_s:g} s\n{self.log}") from None

    def stop(self) -> int:
        """SIGTERM and the exit status."""
        if self.process.poll() is None:
            self.terminate()
        return self.wait()


@contextmanager
def running_server(
    folder: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    python: str = sys.executable,
    ready: bool = True,
) -> Iterator[ServerProcess]:
    """Starts the server in ``folder`` (its log goes there) and ends it in any case.

    Settings of the surrounding environment reach it, ``environ`` on top of them.
    """
    log = folder / f"server-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, str(ROOT / "server.py"), "--port", "0", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = ServerProcess(process, log)
    try:
        if ready:
            server.wait_ready()
        yield server
        if process.poll() is None:
            server.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
