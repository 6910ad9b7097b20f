"""A service in the middle of its work, for whoever scrapes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client.parser import text_string_to_metric_families

from streaming.decoding import Kind
from streaming.engine.base import EngineInfo
from streaming.headroom import Reading
from streaming.metrics import Metrics
from streaming.station import StationReading


class Vitals:
    """A service in the middle of its work."""

    capacity = 64

    def __init__(self) -> None:
        self.engine_infos = [EngineInfo("base", "cuda:0", "float16", ("en",))]
        self.ago: float | None = 2.0

    def sessions_active(self) -> Mapping[str, int]:
        return {"native": 3}

    def sessions_parked(self) -> int:
        return 2

    def parked_bytes(self) -> int:
        return 3_000_000

    def backlog_ms(self) -> int:
        return 4_500

    def queue_depths(self) -> Mapping[Kind, int]:
        return {Kind.FINAL: 1, Kind.PARTIAL: 2, Kind.EARLY: 0}

    def workers_used(self) -> float:
        return 0.75

    def seconds_since_success(self) -> float | None:
        return self.ago

    def stations(self) -> Sequence[StationReading]:
        return [StationReading(0, True, 0.5, 16), StationReading(1, False, 40.0, 8)]

    def gpu_memory_bytes(self) -> Mapping[str, int]:
        return {"cuda:0": 1_000}

    def stage_seconds(self) -> Mapping[str, float]:
        return {"encoder": 3.0}

    def sessions_waiting(self) -> int:
        return 5

    def quota_holders(self) -> int:
        return 7

    def load(self) -> Reading:
        return Reading(used=0.75, cost=0.03, speaking=10, waiting_s=0.2, partial_every_s=0.8)


def samples(metrics: Metrics) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Everything a scrape sees, by full name and labels."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
