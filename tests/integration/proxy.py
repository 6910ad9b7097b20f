"""nginx as it ships in ``config/nginx``, before servers on the loopback."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.harness import WAIT_S
from tests.integration.process import ROOT, free_port

_AROUND = """
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {config}
}}
"""


def shipped_config(folder: Path, port: int, servers: Sequence[int]) -> str:
    """What ships, but for the addresses, and the place of the log."""
    config = (ROOT / "config" / "nginx" / "wirescribe.conf").read_text(encoding="utf-8")
    for number, server in enumerate(servers, start=1):
        config, found = re.subn(rf"wirescribe-{number}:8000", f"127.0.0.1:{server}", config)
        assert found == 2  # for sessions, and for jobs
    config, found = re.subn(r"listen 80;", f"listen 127.0.0.1:{port};", config, count=1)
    assert found == 1
    return config.replace("/var/log/nginx", str(folder))


@asynccontextmanager
async def nginx(folder: Path, *servers: int) -> AsyncIterator[int]:
    """Run nginx; give its port. Skips the test where there is none, but not in CI."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        assert not os.environ.get("CI"), "CI has nginx: see .ci/run"
        pytest.skip("nginx is not installed (Debian package nginx)")
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        _AROUND.format(folder=folder, config=shipped_config(folder, port, servers)),
        encoding="utf-8",
    )
    process = await asyncio.create_subprocess_exec(
        program, "-p", str(folder), "-c", str(config), "-g", "daemon off;",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await _listens(process, port)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(WAIT_S):
            await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())
