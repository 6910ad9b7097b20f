"""What a scrape asks of a running service: its state at that moment, as gauges."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily, Metric

from streaming.decoding import Kind
from streaming.engine.base import EngineInfo
from streaming.headroom import Reading
from streaming.station import StationReading

PREFIX: Final = "wirescribe_"
"""What the names of all metrics begin with."""

REFUSALS: Final = (
    "overloaded", "connections", "sessions", "audio", "restarting", "left", "other",
)  # fmt: skip
"""Why clients get no place; ``left``: they went while they waited."""

Samples = Sequence[tuple[Mapping[str, str], float]]


class Vitals(Protocol):
    """A running service, as far as a scrape asks about it; cheap, and never waits."""

    @property
    def engine_infos(self) -> Iterable[EngineInfo]:
        """The engines there are; none while they load."""
        ...

    @property
    def capacity(self) -> int:
        """How many sessions there may be."""
        ...

    def sessions_active(self) -> Mapping[str, int]:
        """Sessions by the name of their transport."""
        ...

    def sessions_parked(self) -> int:
        """Sessions without a socket, whose clients may come back."""
        ...

    def parked_bytes(self) -> int:
        """The memory that these hold, about."""
        ...

    def backlog_ms(self) -> int:
        """Audio of ended segments that waits for its final."""
        ...

    def queue_depths(self) -> Mapping[Kind, int]:
        """Requests that could be decoded now."""
        ...

    def workers_used(self) -> float:
        """The share of the decoding workers' time that is spent decoding, from 0 to 1."""
        ...

    def seconds_since_success(self) -> float | None:
        """How long ago the engine last decoded something; None when it never has."""
        ...

    def stations(self) -> Sequence[StationReading]:
        """How each engine is; empty while they load."""
        ...

    def gpu_memory_bytes(self) -> Mapping[str, int]:
        """Memory in use by device; empty without a GPU."""
        ...

    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds that the engines have spent in each stage of decoding."""
        ...

    def sessions_waiting(self) -> int:
        """How many clients wait for a place."""
        ...

    def quota_holders(self) -> int:
        """How many keys and addresses are remembered."""
        ...

    def load(self) -> Reading:
        """The load as admission sees it."""
        ...


def gauges_of(vitals: Vitals) -> Iterator[Metric]:
    """Ask a service for everything that is known at any time."""
    engines = [
        ({"model": info.model, "device": info.device, "compute_type": info.compute_type}, 1)
        for info in vitals.engine_infos
    ]
    yield gauge("engine_info", "What decodes", engines)
    active = [({"transport": name}, count) for name, count in vitals.sessions_active().items()]
    yield gauge("sessions_active", "Sessions going on", active)
    yield gauge("sessions_capacity", "Sessions that there may be", [({}, vitals.capacity)])
    parked: Samples = [({}, vitals.sessions_parked())]
    yield gauge("sessions_parked", "Sessions that wait for their clients to come back", parked)
    parked = [({}, vitals.parked_bytes())]
    yield gauge("parked_bytes", "Memory held by these, about", parked)
    backlog_s = vitals.backlog_ms() / 1000
    yield gauge("backlog_seconds", "Audio of ended segments without a final", [({}, backlog_s)])
    depths = [({"kind": kind.value}, count) for kind, count in vitals.queue_depths().items()]
    yield gauge("queue_depth", "Requests that could be decoded now", depths)
    used = vitals.workers_used()
    yield gauge("workers_used_ratio", "Share of the workers' time of the last 5 s", [({}, used)])
    ago = vitals.seconds_since_success()
    success: Samples = [({}, time.time() - ago)] if ago is not None else ()
    yield gauge("engine_last_success_timestamp_seconds", "When a batch last succeeded", success)
    yield from _stations(vitals.stations())
    memory = [({"device": name}, used) for name, used in vitals.gpu_memory_bytes().items()]
    yield gauge("gpu_memory_used_bytes", "GPU memory in use, by all its users", memory)
    yield from _admission(vitals)


def _stations(stations: Sequence[StationReading]) -> Iterator[Metric]:
    def each(read: Callable[[StationReading], float]) -> Samples:
        return [({"engine": str(station.number)}, read(station)) for station in stations]

    yield gauge(
        "engine_serving", "1 unless it is stuck, broken or lost", each(lambda one: one.serving)
    )
    yield gauge("engine_busy_seconds", "Age of its oldest call", each(lambda one: one.busy_s))
    yield gauge(
        "engine_batch_limit",
        "Requests that it is given at once; fewer after its memory ran out",
        each(lambda one: one.most_rows),
    )


def _admission(vitals: Vitals) -> Iterator[Metric]:
    load = vitals.load()
    for name, about, value in (
        ("sessions_waiting", "Clients that wait for a place", vitals.sessions_waiting()),
        ("quota_holders", "Keys and addresses that are remembered", vitals.quota_holders()),
        ("speakers", "Channels on which somebody spoke in the last 5 s", load.speaking),
        (
            "speaker_cost_ratio",
            "Share of the workers' time that a speaker's finals are expected to need",
            load.cost,
        ),
        ("workers_needed_ratio", "Share of the workers' time that all finals need", load.lasting),
        ("final_turn_wait_seconds", "Mean wait of finals for their turn", load.waiting_s),
        ("partial_interval_seconds", "Mean time between partials", load.partial_every_s),
    ):
        yield gauge(name, about, [({}, value)])


def gauge(name: str, about: str, samples: Samples) -> GaugeMetricFamily:
    """A gauge with its samples, which all have the same labels; without any, the name alone."""
    labels = list(samples[0][0]) if samples else ()
    family = GaugeMetricFamily(PREFIX + name, about, labels=labels)
    for named, value in samples:
        family.add_metric(list(named.values()), value)
    return family
