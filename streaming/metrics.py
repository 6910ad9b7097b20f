"""What a process counts and times, for Prometheus; what is asked for is in ``gauges``.

One :class:`Metrics` a process, passed to whoever has something to tell it; each has a registry of
its own, so that two servers in one process, or two tests, don't share figures. Events are counted
when they happen; what can be asked for at any time (sessions, backlog, memory) is asked for when
somebody scrapes. Labels have few values, and never a session's name or anything a client sent.

The names follow Prometheus' own rules (https://prometheus.io/docs/practices/naming): base units,
``_total`` for what only grows. ``docs/operations.md`` lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from streaming import __version__
from streaming.auth.gate import Reason
from streaming.decoding import DecodeRequest, Kind
from streaming.faults import FAULTS
from streaming.file_metrics import FileMetrics
from streaming.gauges import PREFIX, REFUSALS, Vitals, gauge, gauges_of

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""What :meth:`Metrics.text` is written in."""

_LATENCIES: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)
_DECODES: Final = (0.01, 0.025, *_LATENCIES)
_WAITS: Final = (0, 0.5, 1, 2, 5, 10, 20, 30, 60)
_BATCHES: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
_OUTCOMES: Final = ("done", "lost", "refused", "failed")
_GIVEN_UP: Final = ("expired", "evicted", "stopped")


# When each counter was first seen would double the answer, and nobody asks for it. This holds for
# the whole process, but nothing else in it names a metric.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """All instruments of one process; safe to call from any thread."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._vitals: Vitals | None = None
        self._audio_s = 0.0
        self._voice_s = 0.0
        self._ended = self._counter(
            "sessions", "Sessions that have ended, by how", "transport", "outcome"
        )
        self._resumed = self._counter("sessions_resumed", "Sessions taken up on another socket")
        self._given_up = self._counter(
            "sessions_given_up", "Parked sessions that nobody came back for, by why", "reason"
        )
        for reason in _GIVEN_UP:
            self._given_up.labels(reason)
        self._closes = self._counter(
            "closes", "WebSocket closes by code; 1006: no close came", "code"
        )
        self._admitted = Histogram(
            PREFIX + "admission_wait_seconds", "How long sessions waited for their place",
            buckets=_WAITS, registry=self._registry,
        )  # fmt: skip
        self._turned_away = self._counter(
            "admission_refusals", "Clients that got no place, by why", "reason"
        )
        for reason in REFUSALS:
            self._turned_away.labels(reason)
        self._received = self._counter("audio_received_seconds", "Audio received, per channel")
        self._decoded = self._counter("audio_decoded_seconds", "Audio decoded, by request", "kind")
        self._first_partial = self._latency(
            "first_partial_latency_seconds",
            "From the arrival of a segment's first audio to the sending of its first partial",
        )
        self._partial = self._latency(
            "partial_latency_seconds", "Age of the newest audio in a partial when it is sent"
        )
        self._finalise = self._latency(
            "finalise_latency_seconds",
            "From the arrival of the audio that ended a segment to the sending of its final",
        )
        self._final_delay = self._latency(
            "final_delay_seconds",
            "From the arrival of a segment's last voice to the sending of its final",
        )
        self._decode = Histogram(
            PREFIX + "decode_seconds", "Time that a batch took to decode", ("kind",),
            buckets=_DECODES, registry=self._registry,
        )  # fmt: skip
        self._batch = Histogram(
            PREFIX + "batch_size", "Requests decoded in one batch", ("kind",),
            buckets=_BATCHES, registry=self._registry,
        )  # fmt: skip
        self._failed = self._counter("decode_failures", "Batches that an engine failed at")
        self._faults = self._counter("engine_faults", "Calls that engines failed at", "kind")
        self._restarts = self._counter(
            "engine_restarts", "Stuck or broken engines loaded anew, by how that went", "outcome"
        )
        self._requeued = self._counter(
            "requests_requeued", "Requests decoded again because their engine got stuck or broke"
        )
        for fault in FAULTS:
            self._faults.labels(fault)
        self._superseded = self._counter(
            "partials_superseded", "Partials that gave way to a newer text before they were sent"
        )
        self._fallbacks = self._counter("fallbacks", "Segments decoded a second time", "reason")
        self._suppressed = self._counter(
            "segments_suppressed", "Segments whose text was judged not to be speech", "reason"
        )
        self._final_words = self._counter("final_words", "Words in finals")
        self._retracted = self._counter("words_retracted", "Words shown, and then taken back")
        self._auth_failures = self._counter(
            "auth_failures", "Clients and requests that were not let in, by why", "reason"
        )
        self._keys_loads = self._counter(
            "auth_keys_loads", "Readings of the file of keys after it had changed", "outcome"
        )
        for outcome in ("loaded", "damaged", "gone"):
            self._keys_loads.labels(outcome)
        for reason in get_args(Reason):
            self._auth_failures.labels(reason)
        self.files = FileMetrics(self._registry)
        for kind in Kind:  # so that they are there, at nought, from the first scrape on
            self._decode.labels(kind.value)
            self._batch.labels(kind.value)
            self._decoded.labels(kind.value)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Scraped(self))

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, about, labels, registry=self._registry)

    def _latency(self, name: str, about: str) -> Histogram:
        return Histogram(PREFIX + name, about, buckets=_LATENCIES, registry=self._registry)

    # -- sessions ------------------------------------------------------------------------------

    def session_ended(self, transport: str, outcome: str) -> None:
        """A connection is over: ``done``, ``lost`` by its client, ``refused`` or ``failed``."""
        if outcome not in _OUTCOMES:
            raise ValueError(f"outcome: {outcome!r} is not one of {', '.join(_OUTCOMES)}")
        self._ended.labels(transport, outcome).inc()

    def session_resumed(self) -> None:
        """A client has come back."""
        self._resumed.inc()

    def session_given_up(self, reason: str) -> None:
        """A parked session is over: ``expired``, ``evicted`` by others, or ``stopped``."""
        self._given_up.labels(reason).inc()

    def closed(self, code: int) -> None:
        """A socket was closed with this code."""
        self._closes.labels(str(code)).inc()

    def auth_failed(self, reason: Reason) -> None:
        """A client was not let in."""
        self._auth_failures.labels(reason).inc()

    def keys_loaded(self, outcome: str) -> None:
        """The file of keys had changed and is ``loaded``, or ``damaged``, or ``gone``."""
        self._keys_loads.labels(outcome).inc()

    def admitted(self, waited_s: float | None) -> None:
        """A session has got its place; ``waited_s`` where it had to wait."""
        self._admitted.observe(waited_s or 0.0)

    def turned_away(self, reason: str) -> None:
        """A client got no place: one of :data:`~streaming.gauges.REFUSALS`."""
        self._turned_away.labels(reason if reason in REFUSALS else "other").inc()

    def audio_received(self, seconds: float) -> None:
        """So much audio has come, added up over the channels."""
        self._received.inc(seconds)

    def audio_handled(self, seconds: float) -> None:
        """The session took so much of the processor for audio, voice detection included."""
        self._audio_s += seconds

    def voice_detected(self, seconds: float) -> None:
        """Voice detection took so much of the processor."""
        self._voice_s += seconds

    # -- what is said --------------------------------------------------------------------------

    def partial_sent(self, age_s: float, since_start_s: float | None) -> None:
        """A partial is out; ``since_start_s`` only for the first of its segment."""
        self._partial.observe(age_s)
        if since_start_s is not None:
            self._first_partial.observe(since_start_s)

    def final_sent(self, since_end_s: float, since_voice_s: float) -> None:
        """A final is out."""
        self._finalise.observe(since_end_s)
        self._final_delay.observe(since_voice_s)

    def words_sent(self, words: int) -> None:
        """A final of so many words is out."""
        self._final_words.inc(words)

    def words_retracted(self, words: int) -> None:
        """Words that had been shown are no longer part of the text."""
        self._retracted.inc(words)

    def partial_superseded(self) -> None:
        """An unsent partial has given way to a newer text."""
        self._superseded.inc()

    def segment_suppressed(self, reason: str) -> None:
        """A segment ended without text."""
        self._suppressed.labels(reason).inc()

    # -- decoding ------------------------------------------------------------------------------

    def decoded(self, requests: Iterable[DecodeRequest], seconds: float) -> None:
        """A batch of one kind has been decoded."""
        size, audio_ms, kind = 0, 0, Kind.PARTIAL
        for request in requests:
            size, audio_ms, kind = size + 1, audio_ms + request.duration_ms, request.kind
            if request.again:
                self._fallbacks.labels(request.doubt or "unknown").inc()
        self._decode.labels(kind.value).observe(seconds)
        self._batch.labels(kind.value).observe(size)
        self._decoded.labels(kind.value).inc(audio_ms / 1000)

    def decode_failed(self) -> None:
        """An engine failed at a batch."""
        self._failed.inc()

    def engine_fault(self, kind: str) -> None:
        """A call of an engine failed: one of :data:`streaming.faults.FAULTS`."""
        self._faults.labels(kind).inc()

    def engine_restarted(self, outcome: str) -> None:
        """An engine was loaded anew: ``done``, or that ``failed``."""
        self._restarts.labels(outcome).inc()

    def requests_requeued(self, count: int) -> None:
        """So many requests are decoded again."""
        self._requeued.inc(count)

    # -- scraping ------------------------------------------------------------------------------

    def watch(self, vitals: Vitals) -> None:
        """Ask this service at every scrape."""
        self._vitals = vitals

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample by its full name; None where there is none."""
        return self._registry.get_sample_value(PREFIX + name, labels)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format, :data:`CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def scraped(self) -> Iterator[Metric]:
        """Ask for what is known at any time."""
        yield gauge("build_info", "What is running", [({"version": __version__}, 1)])
        stages = {"vad": self._voice_s, "audio": max(0.0, self._audio_s - self._voice_s)}
        vitals = self._vitals
        if vitals is not None:
            for stage, seconds in vitals.stage_seconds().items():
                stages[stage] = stages.get(stage, 0.0) + seconds
            yield from gauges_of(vitals)
        spent = CounterMetricFamily(
            PREFIX + "stage_seconds",
            "Time spent by stage; of vad and audio the processor's",
            labels=["stage"],
        )
        for stage, seconds in stages.items():
            spent.add_metric([stage], seconds)
        yield spent


class _Scraped:
    """Fits :meth:`Metrics.scraped` to the registry."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask a service that has not started."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All that is asked for at a scrape."""
        return self._metrics.scraped()
