"""Running under uvicorn: the address, the announcement, signals, and ways to fail."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from streaming import serve
from streaming.cli import main
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine
from streaming.errors import BadConfiguration, ModelUnavailable
from streaming.lifecycle import Life
from streaming.serve import Server, engine_loader, engine_reloader, listen, server_config
from streaming.service import Service
from streaming.settings import EngineSettings, Settings
from tests.support.tiny_whisper import LARGE_V3, MULTILINGUAL, write_tiny_whisper


@contextmanager
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_any_port() -> None:
    with listen("127.0.0.1", 0) as one:
        assert one.getsockname()[1] > 0
        assert one.family == socket.AF_INET


def test_names_are_looked_up() -> None:
    with listen("localhost", 0) as one:
        assert one.getsockname()[0] in ("127.0.0.1", "::1")


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_version_6() -> None:
    try:
        one = listen("::1", 0)
    except BadConfiguration:
        pytest.skip("no IPv6 loopback here")
    with one:
        assert one.family == socket.AF_INET6


async def test_no_event_waits_for_the_receipt_of_the_one_before() -> None:
    accepted = asyncio.get_running_loop().create_future()

    def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(writer)

    listener = listen("127.0.0.1", 0)
    async with await asyncio.start_server(take, sock=listener):
        _, client = await asyncio.open_connection(*listener.getsockname())
        server = await accepted
        connection = server.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for writer in (client, server):
            writer.close()
            await writer.wait_closed()


def test_a_taken_port_is_said() -> None:
    with taken() as port, pytest.raises(BadConfiguration) as caught:
        listen("127.0.0.1", port)
    assert caught.value.field == "server.port"
    assert caught.value.message == (
        f"server.port: {port} on '127.0.0.1' is taken by another process; "
        "choose another with --port"
    )


@pytest.mark.parametrize(
    ("host", "field"),
    [
        ("192.0.2.1", "server.port"),  # of the documentation's network: nobody's address
        ("no.such.name.invalid", "server.host"),
        ("a" * 300, "server.host"),
        ("999.1.1.1", "server.host"),
    ],
)
def test_an_address_that_is_not_ours_is_said(host: str, field: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        listen(host, 0)
    assert caught.value.field == field
    assert host[:20] in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "server.port: 70000"),
        (["--port", "-1"], "server.port: -1"),
        (["--max-sessions", "0"], "limits.max_sessions: 0"),
        (["--log-level", "loud"], "server.log_level: 'LOUD'"),
        (["--config", "/nowhere/at/all.toml"], "'/nowhere/at/all.toml' can't be read"),
        (["--host", "no.such.name.invalid"], "server.host: 'no.such.name.invalid'"),
        (["--host", "0.0.0.0", "--port", "0"], "server.host: '0.0.0.0' opens the server to"),
    ],
)
def test_bad_settings_end_the_command_with_one_line(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["serve", *arguments]) != 0
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("wirescribe: ")
    assert err.count("\n") == 1


def test_a_model_that_can_not_be_had_ends_the_server_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def loader(settings: EngineSettings) -> object:
        def load() -> list[Engine]:
            raise ModelUnavailable("engine.model: 'nonesuch' is not known")

        return load

    monkeypatch.setattr(serve, "engine_loader", loader)
    assert serve.run(Settings.model_validate({"server": {"port": 0}})) == 1
    assert capsys.readouterr().err == "wirescribe: engine.model: 'nonesuch' is not known\n"


def test_an_unknown_model_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    settings = EngineSettings(model="nonesuch", models_dir=tmp_path, offline=True, device="cpu")
    with pytest.raises(ModelUnavailable, match="nonesuch"):
        engine_loader(settings)()


@pytest.mark.parametrize(("small", "partial_model"), [("small", "small"), ("large", None)])
def test_a_second_model_is_loaded_unless_it_is_the_first(
    tmp_path: Path, small: str, partial_model: str | None
) -> None:
    write_tiny_whisper(tmp_path / "large", LARGE_V3)
    write_tiny_whisper(tmp_path / "small", MULTILINGUAL)
    settings = EngineSettings(
        model=str(tmp_path / "large"),
        partial_model=str(tmp_path / small),
        device="cpu",
        offline=True,
        workers=3,
    )
    with structlog.testing.capture_logs() as lines:
        (engine,) = engine_loader(settings)()
    assert (engine.info.model, engine.info.partial_model) == ("large", partial_model)
    assert engine.info.concurrency == 3
    (line,) = lines
    assert (line["event"], line["partial_model"]) == ("loading", partial_model)
    engine.close()


def test_a_second_model_that_can_not_be_had_is_named(tmp_path: Path) -> None:
    write_tiny_whisper(tmp_path / "large", LARGE_V3)
    settings = EngineSettings(
        model=str(tmp_path / "large"),
        partial_model="tiny.en",
        models_dir=tmp_path / "models",
        offline=True,
        device="cpu",
    )
    with pytest.raises(ModelUnavailable, match=r"tiny\.en"):
        engine_loader(settings)()


def test_uvicorn_is_told_what_our_limits_are() -> None:
    settings = Settings.model_validate({"limits": {"max_message_bytes": 2_048}})
    config = server_config(settings, Service(settings, lambda: [FakeEngine()]))
    assert config.ws_max_size == 4 * 2_048
    assert config.ws_ping_interval == settings.server.ping_interval_s
    assert not config.access_log  # query strings may hold tokens
    assert not config.ws_per_message_deflate
    assert not config.server_header


async def served(server: Server) -> None:
    await server.serve([listen("127.0.0.1", 0)])


def life(service: Service) -> Life:
    return service.lifecycle.life


async def ready(service: Service) -> None:
    async with asyncio.timeout(20):
        while life(service) is not Life.READY:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def test_it_says_where_it_listens_once_it_is_ready(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings()
    service = Service(settings, lambda: [FakeEngine()])
    server = Server(server_config(settings, service), service)
    running = asyncio.create_task(served(server))
    said = ""
    async with asyncio.timeout(20):
        while "listens" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().err
    assert life(service) is Life.READY
    port = server.servers[0].sockets[0].getsockname()[1]
    assert f"Wirescribe listens at http://127.0.0.1:{port} (fake, none on cpu)\n" in said
    server.handle_exit(signal.SIGTERM, None)
    await running
    assert life(service) is Life.STOPPED
    assert not server.force_exit


async def test_a_drain_that_fails_still_ends_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    service = Service(settings, lambda: [FakeEngine()])
    server = Server(server_config(settings, service), service)

    async def fails(deadline_s: float) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "drain", fails)
    running = asyncio.create_task(served(server))
    await ready(service)
    async with asyncio.timeout(20):
        server.handle_exit(signal.SIGTERM, None)
        await running
    assert life(service) is Life.STOPPED


async def test_an_engine_that_can_not_be_loaded_ends_the_server() -> None:
    def load() -> list[Engine]:
        raise RuntimeError(json.dumps({"no": "memory"}))

    settings = Settings()
    service = Service(settings, load)
    server = Server(server_config(settings, service), service)
    async with asyncio.timeout(20):
        await served(server)
    assert isinstance(server.failure, RuntimeError)
    assert life(service) is Life.STOPPED


async def test_a_drain_has_an_end_whatever_hangs() -> None:
    settings = Settings.model_validate({"server": {"drain_s": 12}})
    service = Service(settings, lambda: [FakeEngine()])
    ends: list[float] = []
    server = Server(server_config(settings, service), service, last_resort=ends.append)
    running = asyncio.create_task(served(server))
    await ready(service)
    assert ends == []
    server.handle_exit(signal.SIGTERM, None)
    await running
    assert ends == [21]


def test_the_last_resort_ends_a_process_that_does_not_end() -> None:
    script = "import time; from streaming.serve import _leave_after; _leave_after(0.01); "
    ended = subprocess.run(
        [sys.executable, "-c", script + "time.sleep(3_600)"], capture_output=True, timeout=60
    )
    assert ended.returncode == 1
    assert b"still_running" in ended.stdout  # logging has not been set up here


async def test_a_server_without_engines_ends_and_says_so() -> None:
    settings = Settings()
    service = Service(settings, lambda: [FakeEngine()])
    ends: list[float] = []
    server = Server(server_config(settings, service), service, last_resort=ends.append)
    running = asyncio.create_task(served(server))
    await ready(service)
    service.scheduler.lost.set()
    async with asyncio.timeout(20):
        await running
    assert server.lost
    assert life(service) is Life.STOPPED
    assert len(ends) == 1


def test_one_of_several_engines_is_loaded_from_its_own_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, ...]] = []

    def loader(settings: EngineSettings) -> Callable[[], list[Engine]]:
        asked.append(settings.device_index)
        return lambda: [FakeEngine()]

    monkeypatch.setattr(serve, "engine_loader", loader)
    engine_reloader(EngineSettings())(1)
    engine_reloader(EngineSettings(device_index=(3, 5)))(1)
    assert asked == [(1,), (5,)]
