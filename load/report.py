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

RUN_SCHEMA = "wirescribe.load.run/1"
OFFLINE_SCHEMA = "wirescribe.load.offline/1"


def run_report(result: Result, *, command: Sequence[str], label: str) -> dict[str, Any]:
    """Everything about a run; the streams hold every word's latency."""
    return {
        "schema": RUN_SCHEMA,
        "label": label,
        "command": list(command),
        "machine": machine(),
        "server": result.server,
        "harness_cpu_s": round(result.harness_cpu_s, 2),
        "summary": asdict(result.summary),
        "streams": [
            {name: value for name, value in asdict(score).items() if name != "lateness_s"}
            | {"ok": score.ok}
            for score in result.scores
        ],
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
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def read_report(path: Path) -> dict[str, Any]:
    """A report written earlier; ``ValueError`` for anything else."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if not isinstance(report, dict) or report.get("schema") not in (RUN_SCHEMA, OFFLINE_SCHEMA):
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
