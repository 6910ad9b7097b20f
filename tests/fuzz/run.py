"""Fuzz targets for a while, guided by coverage where atheris is installed."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.inputs import folder_of, keep, kept
from tests.fuzz.mutate import mutants
from tests.fuzz.targets import TARGETS, WORDS, seeds

_ROOT = Path(__file__).resolve().parents[2]
_BATCH = 2_000
Step = tuple[tuple[str, int], tuple[str, int]]
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What fuzzing one target came to. ``guided`` says whether coverage led it."""

    target: str
    inputs: int
    guided: bool
    crashes: tuple[Path, ...] = ()
    report: str = ""


def fuzz(target: str, seconds: float, seed: int = 0) -> Fuzzed:
    """Fuzz for about so long; whatever failed lies in the corpus afterwards, as ``crash-…``."""
    if importlib.util.find_spec("atheris") is not None:
        return _guided(target, seconds, seed)
    return _blind(target, seconds, seed)


def attempt(target: str, data: bytes) -> BaseException | None:
    """Run one input; return what it raised."""
    try:
        TARGETS[target](data)
    except Exception as error:
        return error
    return None


def _blind(target: str, seconds: float, seed: int) -> Fuzzed:
    pool = [*seeds(target), *kept(target)]
    give_up = time.monotonic() + seconds
    tried, report = 0, ""
    crashes: list[Path] = []
    while time.monotonic() < give_up and len(crashes) < 10:
        for data in mutants(pool, WORDS, _BATCH, seed):
            tried += 1
            if (error := attempt(target, data)) is not None:
                crashes.append(keep(target, data, prefix="crash-"))
                report = report or f"{type(error).__name__}: {error}"
        seed += 1
    return Fuzzed(target, tried, False, tuple(crashes), report)


def _guided(target: str, seconds: float, seed: int) -> Fuzzed:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        words = folder / "words"
        words.write_text("\n".join(map(_quoted, WORDS)) + "\n", encoding="ascii")
        found, begin, crashed = folder / "found", folder / "seeds", folder / "crashed"
        for each in (found, begin, crashed):
            each.mkdir()
        for number, data in enumerate([*seeds(target), *kept(target)]):
            (begin / str(number)).write_bytes(data)
        options = [
            f"-max_total_time={max(1, int(seconds))}", f"-dict={words}", f"-seed={seed + 1}",
            f"-artifact_prefix={crashed}/", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048",
            "-print_final_stats=1", str(found), str(begin),
        ]  # fmt: skip
        program = [sys.executable, "-m", "tests.fuzz.worker", target, *options]
        done = subprocess.run(program, cwd=_ROOT, capture_output=True, text=True, errors="replace")
        executed = _EXECUTED.search(done.stderr)
        if executed is None and not any(crashed.iterdir()):
            raise RuntimeError(f"atheris did not run:\n{done.stderr[-2_000:]}")
        crashes = [
            keep(target, file.read_bytes(), prefix="crash-") for file in sorted(crashed.iterdir())
        ]
        return Fuzzed(
            target,
            int(executed[1]) if executed else 0,
            True,
            tuple(crashes),
            _why(target, crashes),
        )


def _why(target: str, crashes: list[Path]) -> str:
    for crash in crashes:
        error = attempt(target, crash.read_bytes())
        return "".join(traceback.format_exception(error)) if error else "only under atheris"
    return ""


def distil(target: str, seconds: float) -> int:
    """Fuzz, then keep of all inputs the few that reach everything; return how many those are."""
    with tempfile.TemporaryDirectory() as scratch:
        found = Path(scratch)
        words = found.parent / f"{found.name}.words"
        words.write_text("\n".join(map(_quoted, WORDS)) + "\n", encoding="ascii")
        for data in [*seeds(target), *kept(target)]:
            (found / hashlib.sha256(data).hexdigest()).write_bytes(data)
        worker = [sys.executable, "-m", "tests.fuzz.worker", target, "-max_len=2048"]
        fuzzing = [*worker, f"-max_total_time={int(seconds)}", f"-dict={words}", str(found)]
        subprocess.run(fuzzing, cwd=_ROOT, check=True, capture_output=True)
        words.unlink()
        inputs = [file.read_bytes() for file in found.iterdir()]
    for file in folder_of(target).glob("*"):
        if not file.name.startswith("crash-"):
            file.unlink()
    for data in fewest(target, inputs):
        keep(target, data)
    return len(list(folder_of(target).iterdir()))


def fewest(target: str, inputs: list[bytes]) -> list[bytes]:
    """Those of the inputs that together go from every line to every next one that any goes to."""
    reached = {data: _steps(target, data) for data in sorted(inputs, key=lambda d: (len(d), d))}
    chosen: list[bytes] = []
    open_steps = set().union(*reached.values())
    while open_steps:
        best = max(reached, key=lambda data: len(reached[data] & open_steps))
        chosen.append(best)
        open_steps -= reached[best]
    return chosen


def _steps(target: str, data: bytes) -> set[Step]:
    """Which lines of the product follow upon which when the target takes an input."""
    steps: set[Step] = set()
    last = ("", 0)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal last
        if "/streaming/" not in frame.f_code.co_filename:
            return None
        here = (frame.f_code.co_filename, frame.f_lineno)
        steps.add((last, here))
        last = here
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        TARGETS[target](data)
    finally:
        sys.settrace(before)
    return steps


def _quoted(word: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"'
