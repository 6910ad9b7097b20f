"""The machine around the engine: cores, memory, clock, the libraries of sound, the port."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import socket
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from streaming.cli.doctor.finding import Finding, State
from streaming.engine.cores import usable_cores
from streaming.errors import BadConfiguration, WirescribeError
from streaming.settings import ServerSettings

_CPU_INFO = Path("/proc/cpuinfo")
_MEMORY_INFO = Path("/proc/meminfo")
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MEMORY_USED = Path("/sys/fs/cgroup/memory.current")
_OLDEST_S = 1_735_689_600  # 2025: this program is younger
_LATE_S = 0.02
_NAPS = 20
_FAST = ("avx512_vnni", "avx_vnni", "avx512f", "avx2", "asimddp", "asimd")


def examine_cpu(
    workers: int, cores: int | None = None, info: Path = _CPU_INFO, seen: int | None = None
) -> list[Finding]:
    """Look at the cores that may be used, at their number's limit, and at their instructions."""
    cores = usable_cores() if cores is None else cores
    seen = seen or os.cpu_count() or 1
    flags = _flags(info)
    name = _first(info, "model name") or platform.processor() or platform.machine()
    known = [flag for flag in _FAST if flag in flags]
    figures = {"cores": cores, "cores_seen": seen, "instructions": known, "workers": workers}
    says = f"{name}: {cores} of {seen} cores usable" if cores < seen else f"{name}: {cores} cores"
    says += f", {', '.join(known)}" if known else ""
    findings = [Finding("machine", "CPU", State.OK, says, None, figures)]
    if flags and not {"avx2", "asimd"} & flags:
        findings[0] = Finding(
            "machine",
            "CPU",
            State.NOTE,
            f"{says}; neither AVX2 nor NEON: decoding is several times slower",
            "run it on another machine if speech is late",
            figures,
        )
    if workers > cores:
        findings.append(
            Finding(
                "machine",
                "workers",
                State.NOTE,
                f"{workers} workers share {cores} cores",
                "set engine.workers to 0, which is one a core",
            )
        )
    return findings


def examine_memory(needed: int, available: int | None = None) -> Finding:
    """Hold the memory that is available against what the weights need, in bytes."""
    free = available_memory() if available is None else available
    if free is None:
        return Finding("machine", "memory", State.NOTE, "how much is available can't be told")
    says = f"{free / 2**30:.1f} GiB available"
    figures = {"available_bytes": free, "needed_bytes": needed}
    if needed > free:
        return Finding(
            "machine",
            "memory",
            State.PROBLEM,
            f"{says}, the model needs about {needed / 2**30:.1f} GiB",
            "free some, raise the container's limit, or choose a smaller model",
            figures,
        )
    return Finding("machine", "memory", State.OK, says, None, figures)


def available_memory(
    info: Path = _MEMORY_INFO, limit: Path = _MEMORY_LIMIT, used: Path = _MEMORY_USED
) -> int | None:
    """Return the bytes that this process may still take, a container's limit counted; or None."""
    left = []
    if (told := _first(info, "MemAvailable")) is not None:
        left.append(int(told.split()[0]) * 1024)
    with contextlib.suppress(OSError, ValueError):  # no control groups, or no limit
        left.append(int(limit.read_text()) - int(used.read_text()))
    return min(left, default=None)


def examine_clock(
    now: Callable[[], float] = time.time,
    tick: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Finding:
    """Look whether the date can be true, and how late this process wakes up."""
    late = []
    for _ in range(_NAPS):
        began = tick()
        sleep(0.001)
        late.append(tick() - began - 0.001)
    latest = max(late)
    figures = {"wakes_late_ms": round(1000 * latest, 1)}
    if now() < _OLDEST_S:
        return Finding(
            "machine",
            "clock",
            State.PROBLEM,
            "the date lies before this program was written",
            "set the clock: certificates and log times depend on it",
            figures,
        )
    if latest > _LATE_S:
        return Finding(
            "machine",
            "clock",
            State.NOTE,
            f"this process wakes up to {1000 * latest:.0f} ms late: the machine is busy",
            "what is timed below is slower than it would be on an idle machine",
            figures,
        )
    says = f"right within reason; wakes up at most {1000 * latest:.1f} ms late"
    return Finding("machine", "clock", State.OK, says, None, figures)


def examine_voice_detector() -> Finding:
    """Load the voice detectors and run them: webrtcvad, onnxruntime and Silero's file."""
    from streaming.vad import FRAME_SAMPLES, WINDOW_SAMPLES, Silero, WebRtcVad

    try:
        WebRtcVad(2).flags(np.zeros((2, FRAME_SAMPLES), np.float32))
        Silero().probabilities(np.zeros((2, WINDOW_SAMPLES), np.float32))
    except Exception as error:  # whatever it is, it would end a session's start
        return Finding(
            "sound",
            "voice detector",
            State.PROBLEM,
            f"does not run: {type(error).__name__}: {error}",
            _REINSTALL,
        )
    runtime = _version("onnxruntime")
    return Finding(
        "sound", "voice detector", State.OK, f"webrtcvad and Silero run (onnxruntime {runtime})"
    )


def examine_media() -> Finding:
    """Decode a WAV file of our own making through FFmpeg's libraries, in their process."""
    from streaming.media import open_media

    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "half-a-second.wav"
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8_000)
                file.writeframes(bytes(8_000))
            with open_media(path) as media:
                samples = sum(block.shape[1] for block in media)
    except (WirescribeError, OSError) as error:
        return Finding(
            "sound",
            "FFmpeg",
            State.PROBLEM,
            f"does not decode a WAV file: {error}",
            f"{_REINSTALL}; it needs to write to {tempfile.gettempdir()} and to start a process",
        )
    if not 7_900 <= samples <= 8_100:
        return Finding(
            "sound",
            "FFmpeg",
            State.PROBLEM,
            f"made {samples} samples of 8000",
            _REINSTALL,
        )
    return Finding("sound", "FFmpeg", State.OK, f"decodes files (PyAV {_version('av')})")


def examine_port(server: ServerSettings, listen: Callable[[str, int], socket.socket]) -> Finding:
    """Look whether the server's address can be listened on, by doing so for a moment."""
    where = f"{server.host}:{server.port}"
    try:
        listen(server.host, server.port).close()
    except BadConfiguration as error:
        if _answers(server):
            return Finding(
                "network", "port", State.NOTE, f"{where} is taken; a Wirescribe answers there"
            )
        reason = error.message.partition(": ")[2].partition(";")[0]
        return Finding(
            "network",
            "port",
            State.PROBLEM,
            reason,
            "set server.port to a free one, or stop what listens there",
        )
    return Finding("network", "port", State.OK, f"{where} can be listened on")


def examine_python() -> Finding:
    """Name the versions that everything rests on."""
    said = ", ".join(
        f"{name} {_version(name)}" for name in ("ctranslate2", "faster-whisper", "numpy")
    )
    return Finding("machine", "Python", State.OK, f"{sys.version.split()[0]}, {said}")


_REINSTALL = "install Wirescribe anew into an environment of its own: pip install wirescribe"


def _answers(server: ServerSettings) -> bool:
    """Whether what listens there says that it lives, as our probe does."""
    import http.client

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, server.port, timeout=2)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().read(16) == b"alive\n"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _flags(info: Path) -> frozenset[str]:
    return frozenset((_first(info, "flags") or _first(info, "Features") or "").split())


def _first(info: Path, key: str) -> str | None:
    """Return the value of the first ``key : value`` line."""
    try:
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip() == key:
                return value.strip()
    except OSError:
        pass
    return None
