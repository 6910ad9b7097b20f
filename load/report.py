"""Reports: one JSON object a run or reference, and the ratio of one to the other."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from load.offline import OfflineText, summarise
from load.run import Result
from load.split import split
from load.spread import spread
from load.storm import StormReport
from load.target import Verdict
from load.timeline import uses

RUN_SCHEMA = "wirescribe.load.run/1"
OFFLINE_SCHEMA = "wirescribe.load.offline/1"
CAPACITY_SCHEMA = "wirescribe.load.capacity/1"
SOAK_SCHEMA = "wirescribe.load.soak/1"
SCHEMAS = (RUN_SCHEMA, OFFLINE_SCHEMA, CAPACITY_SCHEMA, SOAK_SCHEMA)


def run_report(
    result: Result,
    *,
    command: Sequence[str],
    label: str,
    scenario: dict[str, Any] | None = None,
    verdicts: Sequence[Verdict] = (),
) -> dict[str, Any]:
    """Everything about a run; the streams hold every word's latency."""
    streams = [
        {name: value for name, value in asdict(score).items() if name != "lateness_s"}
        | {"ok": score.ok, "latest_s": max(score.lateness_s, default=None)}
        for score in result.scores
    ]
    report: dict[str, Any] = {
        "schema": RUN_SCHEMA,
        "label": label,
        "command": list(command),
        "scenario": scenario,
        "machine": machine(),
        "server": result.server,
        "harness_cpu_s": round(result.harness_cpu_s, 2),
        "harness": harness(result),
        "targets": [asdict(verdict) for verdict in verdicts],
        "summary": asdict(result.summary),
        "split": cpu_split(result),
        "uses": [asdict(use) for use in uses(result.moments)],
        "streams": streams,
    }
    if result.storm is not None:
        report["storm"] = asdict(result.storm) | {"running": _around(result, result.storm)}
    return report


def harness(result: Result) -> dict[str, Any]:
    """What the harness itself took, while it streamed."""
    streams = max(1, len(result.scores))
    audio_s = sum(score.sent_s for score in result.scores)
    return {
        "cpu_s": round(result.harness_cpu_s, 3),
        "wall_s": result.wall_s,
        "cores": round(result.harness_cpu_s / result.wall_s, 4) if result.wall_s else None,
        "cpu_s_per_audio_s": round(result.harness_cpu_s / audio_s, 5) if audio_s else None,
        "sessions": streams,
    }


def cpu_split(result: Result) -> dict[str, Any] | None:
    """CPU seconds for a second of audio by stage; ``None`` where the server doesn't count."""
    cost = result.summary.cost
    audio_s = sum(score.sent_s for score in result.scores)
    found = split(None if cost is None else cost.cpu_s, audio_s, result.stages)
    if found is None or result.stages is None:
        return None
    return asdict(found) | {"server_audio_s": result.stages.audio_s}


def _around(result: Result, storm: StormReport) -> dict[str, Any]:
    """First-shown latencies of the running streams before, during and after a storm."""
    said = [
        (score.begin_s + word.spoken_s, word.first_shown_s)
        for score in result.scores
        if not score.slow
        for word in score.words
    ]
    parts = {
        "before": [value for at, value in said if at < storm.begin_s],
        "during": [value for at, value in said if storm.begin_s <= at <= storm.end_s],
        "after": [value for at, value in said if at > storm.end_s],
    }
    return {
        name: None if (found := spread(values)) is None else asdict(found)
        for name, values in parts.items()
    }


def offline_report(
    texts: Sequence[OfflineText], *, command: Sequence[str], label: str
) -> dict[str, Any]:
    """The reference's rates and, for every recording, its text."""
    return {
        "schema": OFFLINE_SCHEMA,
        "label": label,
        "command": list(command),
        "machine": machine(),
        "summary": summarise(texts),
        "texts": [asdict(text) for text in texts],
    }


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "cpu": _cpu_name(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_mib": _memory_mib(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _cpu_name() -> str:
    names = _proc_values("cpuinfo", "model name")
    return names[0] if names else platform.processor()


def _memory_mib() -> int | None:
    sizes = _proc_values("meminfo", "MemTotal")
    return int(sizes[0].split()[0]) // 1024 if sizes else None


def _proc_values(file: str, name: str) -> list[str]:
    try:
        lines = Path("/proc", file).read_text().splitlines()
    except OSError:
        return []
    return [line.split(":", 1)[1].strip() for line in lines if line.startswith(name)]


def read_report(path: Path) -> dict[str, Any]:
    """A report written earlier; ``ValueError`` for anything else."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError:
        report = None
    if not isinstance(report, dict) or report.get("schema") not in SCHEMAS:
        raise ValueError(f"{path} is not a report of this harness")
    return report


def add_ratios(run: dict[str, Any], offline: dict[str, Any]) -> None:
    """Adds ``offline``: the reference's rates over what this run played, and streamed ÷ offline.

    A reference decoded over the same recordings in the same order is taken as a whole; else the
    recordings' own, each as often as it was played. Without a reference for all of them there is
    no ratio.
    """
    found: dict[str, dict[tuple[str, ...], Any]] = {}
    for text in offline["texts"]:
        found.setdefault(text["decoding"], {})[tuple(text["files"])] = text["count"]
    run["offline"] = {}
    streamed = [stream for stream in run["streams"] if stream["speech"]]
    for decoding, counts in found.items():
        for language in sorted({stream["language"] or "mixed" for stream in streamed}):
            mine = [s for s in streamed if (s["language"] or "mixed") == language]
            wanted = [files for stream in mine for files in _played(stream, counts)]
            if not wanted or any(files not in counts for files in wanted):
                continue
            rate = _rate(counts[files] for files in wanted)
            own = _rate(stream["errors"] for stream in mine)
            run["offline"].setdefault(language, {})[decoding] = {
                "rate": rate,
                "ratio": own / rate if rate and own is not None else None,
            }


def _played(stream: dict[str, Any], counts: dict[tuple[str, ...], Any]) -> list[tuple[str, ...]]:
    whole = tuple(stream["files"])
    return [whole] if whole in counts else [(file,) for file in whole]


def _rate(counts: Any) -> float | None:
    counted = list(counts)
    tokens = sum(count["tokens"] for count in counted)
    errors = sum(c["substitutions"] + c["deletions"] + c["insertions"] for c in counted)
    return errors / tokens if tokens else None
