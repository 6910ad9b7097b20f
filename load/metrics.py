"""The server's own figures: Prometheus' text format, read as far as the harness needs it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from load.health import get

STAGES = ("audio", "vad", "framing", "features", "encoder", "language", "decoder", "align", "words")
"""The stages that have names in reports, in the order of a segment's way; others come after."""

_SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$")
_LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
_STAGE_SECONDS = "wirescribe_stage_seconds_total"
_AUDIO_SECONDS = "wirescribe_audio_received_seconds_total"


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: a name, its labels and a value."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds spent in each stage of decoding between two readings."""

    seconds: dict[str, float]
    audio_s: float | None
    """Audio that the server counted meanwhile; ``None`` where it doesn't say."""


def parse_metrics(text: str) -> list[Sample]:
    """Every sample of an exposition; comments and what isn't understood are left out."""
    samples = []
    for line in text.splitlines():
        found = None if line.startswith("#") else _SAMPLE.match(line.strip())
        if found is None:
            continue
        try:
            value = float(found[3])
        except ValueError:
            continue
        labels = {
            name: re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], raw)
            for name, raw in _LABEL.findall(found[2] or "")
        }
        samples.append(Sample(found[1], labels, value))
    return samples


def read_metrics(url: str) -> list[Sample] | None:
    """``/metrics`` of the stream's server; ``None`` where there is none."""
    answer = get(url, "/metrics")
    return None if answer is None else parse_metrics(answer)


def stages_between(before: list[Sample] | None, after: list[Sample] | None) -> Stages | None:
    """What each stage took between two readings; ``None`` where the server doesn't count it."""
    if before is None or after is None:
        return None
    first, last = _by_stage(before), _by_stage(after)
    if not last:
        return None
    names = [stage for stage in STAGES if stage in last]
    names += sorted(set(last) - set(STAGES))
    spent = {name: round(last[name] - first.get(name, 0.0), 4) for name in names}
    counted = _total(after, _AUDIO_SECONDS)
    if counted is not None:
        counted = round(counted - (_total(before, _AUDIO_SECONDS) or 0.0), 3)
    return Stages(spent, counted)


def _by_stage(samples: list[Sample]) -> dict[str, float]:
    found: dict[str, float] = {}
    for sample in samples:
        stage = sample.labels.get("stage")
        if sample.name == _STAGE_SECONDS and stage is not None and math.isfinite(sample.value):
            found[stage] = found.get(stage, 0.0) + sample.value
    return found


def _total(samples: list[Sample], name: str) -> float | None:
    values = [sample.value for sample in samples if sample.name == name]
    return sum(values) if values else None
