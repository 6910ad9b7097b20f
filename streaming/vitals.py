"""How a service is at this moment, for whoever scrapes its metrics."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from streaming.decoding import Kind
from streaming.engine.base import EngineInfo
from streaming.headroom import Reading
from streaming.service import Holding, Service
from streaming.station import StationReading


class ServiceVitals:
    """Answers for a service, in any state of its life: see :class:`~streaming.gauges.Vitals`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def engine_infos(self) -> Iterable[EngineInfo]:
        """The engines there are; none while they load."""
        return [engine.info for engine in self._service.engines]

    @property
    def capacity(self) -> int:
        """How many sessions there may be."""
        return self._service.slots.capacity

    def sessions_active(self) -> Mapping[str, int]:
        """Sessions by the name of their transport."""
        names = (each.transport for each in self._service.connections if each.active)
        return {"native": 0, **Counter(names)}

    def backlog_ms(self) -> int:
        """Audio of ended segments that waits for its final."""
        return sum(each.backlog_ms for each in self._holding())

    def queue_depths(self) -> Mapping[Kind, int]:
        """Requests that could be decoded now."""
        asked = (request for each in self._holding() for request in each.work())
        waiting = Counter(request.kind for request in asked)
        return {kind: waiting[kind] for kind in Kind}

    def _holding(self) -> Iterable[Holding]:
        return (*self._service.connections, *self._service.parking.parked())

    def sessions_parked(self) -> int:
        """Sessions without a socket, whose clients may come back."""
        return len(self._service.parking)

    def parked_bytes(self) -> int:
        """The memory that these hold, about."""
        return self._service.parking.held_bytes

    def workers_used(self) -> float:
        """The share of the workers' time of the last seconds that was spent decoding."""
        if not self._service.engines:
            return 0.0
        return self._service.scheduler.headroom.used(time.monotonic())

    def seconds_since_success(self) -> float | None:
        """How long ago an engine last decoded something for a session."""
        if not self._service.engines:
            return None
        last = self._service.scheduler.load.last_success
        return None if last is None else max(0.0, time.monotonic() - last)

    def sessions_waiting(self) -> int:
        """How many clients wait for a place."""
        return self._service.admission.waiting

    def quota_holders(self) -> int:
        """How many keys and addresses are remembered."""
        return len(self._service.admission.quotas)

    def load(self) -> Reading:
        """The load as admission sees it."""
        return self._service.admission.reading()

    def stations(self) -> Sequence[StationReading]:
        """How each engine is."""
        return self._service.engine_room.read()

    def gpu_memory_bytes(self) -> Mapping[str, int]:
        """Memory in use by device; empty without a GPU."""
        used = ((e.info.device, e.memory_used_bytes()) for e in self._service.engines)
        return {device: value for device, value in used if value is not None}

    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds that the engines have spent in each stage."""
        total: Counter[str] = Counter()
        for engine in self._service.engines:
            total.update(engine.stage_seconds())
        return total
