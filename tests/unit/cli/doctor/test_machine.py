"""What is found of the machine around the engine."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

import streaming.media
import streaming.vad
from streaming.cli.doctor import machine
from streaming.cli.doctor.finding import State
from streaming.media import MediaError
from streaming.serve import listen
from streaming.settings import ServerSettings

NEW = "processor\t: 0\nmodel name\t: Xeon\nflags\t\t: fpu avx2 avx512f\n"
OLD = "model name\t: Atom\nflags\t\t: fpu sse4_2\n"
ARM = "processor : 0\nFeatures : fp asimd asimddp\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "info"
    path.write_text(text)
    return path


def test_a_cpu_that_will_do(tmp_path: Path) -> None:
    (found,) = machine.examine_cpu(0, 4, written(tmp_path, NEW), 4)
    assert (found.state, found.says) == (State.OK, "Xeon: 4 cores, avx512f, avx2")


def test_a_container_limited_to_some_cores(tmp_path: Path) -> None:
    (found,) = machine.examine_cpu(2, 2, written(tmp_path, NEW), 16)
    assert "2 of 16 cores usable" in found.says


def test_a_cpu_without_wide_instructions(tmp_path: Path) -> None:
    (found,) = machine.examine_cpu(0, 4, written(tmp_path, OLD), 4)
    assert found.state is State.NOTE
    assert "several times slower" in found.says


def test_another_kind_of_cpu(tmp_path: Path) -> None:
    (found,) = machine.examine_cpu(0, 4, written(tmp_path, ARM), 4)
    assert found.state is State.OK
    assert "asimddp" in found.says
    (unknown,) = machine.examine_cpu(0, 4, tmp_path / "none", 4)
    assert unknown.state is State.OK


def test_more_workers_than_cores(tmp_path: Path) -> None:
    _, found = machine.examine_cpu(8, 2, written(tmp_path, NEW), 2)
    assert (found.name, found.state) == ("workers", State.NOTE)
    assert "8 workers share 2 cores" in found.says


def test_memory() -> None:
    assert machine.examine_memory(100, 1_000).state is State.OK
    found = machine.examine_memory(3 * 2**30, 2 * 2**30)
    assert found.state is State.PROBLEM
    assert "2.0 GiB available, the model needs about 3.0 GiB" in found.says
    assert machine.examine_memory(0).state is not State.PROBLEM


def test_available_memory_is_the_least_of_what_is_told(tmp_path: Path) -> None:
    info = written(tmp_path, "MemTotal: 9 kB\nMemAvailable:  2048 kB\n")
    limit, used = tmp_path / "max", tmp_path / "current"
    assert machine.available_memory(info, limit, used) == 2048 * 1024
    limit.write_text("max\n")
    used.write_text("100\n")
    assert machine.available_memory(info, limit, used) == 2048 * 1024
    limit.write_text("5100\n")
    assert machine.available_memory(info, limit, used) == 5_000
    assert machine.available_memory(tmp_path / "none", tmp_path / "none", used) is None


class Clock:
    """Time that passes only in sleep, and there a little more than asked for."""

    def __init__(self, late_s: float) -> None:
        self.now, self._late_s = 0.0, late_s

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self._late_s


@pytest.mark.parametrize(
    ("date", "late_s", "state"),
    [(2e9, 0.0002, State.OK), (2e9, 0.15, State.NOTE), (86_400.0, 0.0, State.PROBLEM)],
)
def test_the_clock(date: float, late_s: float, state: State) -> None:
    clock = Clock(late_s)
    assert machine.examine_clock(lambda: date, clock, clock.sleep).state is state


def test_the_voice_detector_runs_here() -> None:
    assert machine.examine_voice_detector().state is State.OK


def test_a_voice_detector_that_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise FileNotFoundError("silero_vad_v6.onnx")

    monkeypatch.setattr(streaming.vad, "Silero", missing)
    found = machine.examine_voice_detector()
    assert found.state is State.PROBLEM
    assert "silero_vad_v6.onnx" in found.says
    assert "pip install" in str(found.advice)


def test_media_are_decoded_here() -> None:
    assert machine.examine_media().state is State.OK


def test_a_decoder_that_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MediaError.of("a.wav", "can't be decoded: it brings the decoder down")

    monkeypatch.setattr(streaming.media, "open_media", broken)
    found = machine.examine_media()
    assert found.state is State.PROBLEM
    assert "brings the decoder down" in found.says


def test_a_port_that_is_free() -> None:
    assert machine.examine_port(ServerSettings(port=0), listen).state is State.OK


def test_a_port_that_another_program_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(10)

        def serve() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")

        threading.Thread(target=serve, daemon=True).start()
        found = machine.examine_port(ServerSettings(port=other.getsockname()[1]), listen)
    assert found.state is State.PROBLEM
    assert "is taken by another process" in found.says
    assert "server.port" in str(found.advice)


def test_a_port_that_a_wirescribe_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(10)

        def serve() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nalive\n")

        threading.Thread(target=serve, daemon=True).start()
        found = machine.examine_port(ServerSettings(port=other.getsockname()[1]), listen)
    assert found.state is State.NOTE
    assert "a Wirescribe answers" in found.says


def test_versions_are_named() -> None:
    assert "ctranslate2" in machine.examine_python().says
