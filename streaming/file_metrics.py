"""What is counted of recordings and jobs; a part of :mod:`~streaming.metrics`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from streaming.gauges import PREFIX

JOB_STATES: Final = ("queued", "running", "completed", "failed", "cancelled", "damaged")
"""How jobs on disk can be; ``damaged``: what can't be read, and isn't served."""

_WEBHOOKS: Final = ("delivered", "retried", "failed")


class FileMetrics:
    """The instruments of recordings and jobs, in the registry of their process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(PREFIX + name, about, labels, registry=registry)

        self._ended = counter(
            "files", "Recordings sent whole, by how that ended", "transport", "outcome"
        )
        self._audio = counter("file_audio_seconds", "Sound of recordings that were decoded")
        self._time = counter(
            "file_seconds", "Time from the beginning of recordings' decoding to its end"
        )
        self._cache = counter(
            "file_cache_lookups", "Recordings looked for among those heard before", "outcome"
        )
        self._jobs = Gauge(
            PREFIX + "jobs", "Jobs on disk, by how they stand", ["state"], registry=registry
        )
        self._bytes = Gauge(PREFIX + "jobs_bytes", "Disk taken by jobs", registry=registry)
        self._webhooks = counter(
            "job_webhooks", "Attempts to tell of a job's end, by what came of them", "outcome"
        )
        for outcome in ("hit", "miss"):
            self._cache.labels(outcome)
        for state in JOB_STATES:
            self._jobs.labels(state)
        for outcome in _WEBHOOKS:
            self._webhooks.labels(outcome)

    def ended(self, transport: str, outcome: str) -> None:
        """A recording is ``done``, ``lost`` by its client, ``refused`` or ``failed``."""
        self._ended.labels(transport, outcome).inc()

    def heard(self, audio_s: float, taken_s: float) -> None:
        """A recording has been decoded."""
        self._audio.inc(audio_s)
        self._time.inc(taken_s)

    def looked_up(self, *, hit: bool) -> None:
        """A recording was looked for among those heard before."""
        self._cache.labels("hit" if hit else "miss").inc()

    def jobs_held(self, counts: Mapping[str, int], held_bytes: int) -> None:
        """So many jobs are there in each of :data:`JOB_STATES`, and take so much of the disk."""
        for state, count in counts.items():
            self._jobs.labels(state).set(count)
        self._bytes.set(held_bytes)

    def webhook_sent(self, outcome: str) -> None:
        """A webhook was ``delivered``, is to be ``retried``, or has ``failed`` for good."""
        self._webhooks.labels(outcome).inc()
