"""What a scrape asks of a running service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streaming import __version__
from streaming.metrics import Metrics
from tests.support.vitals import Vitals, samples


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    yield Metrics()


def test_a_scrape_asks_for_what_is_going_on(metrics: Metrics) -> None:
    metrics.watch(Vitals())
    seen = samples(metrics)
    expected = {
        ("build_info", (("version", __version__),)): 1,
        (
            "engine_info",
            (("compute_type", "float16"), ("device", "cuda:0"), ("model", "base")),
        ): 1,
        ("sessions_active", (("transport", "native"),)): 3,
        ("sessions_capacity", ()): 64,
        ("backlog_seconds", ()): 4.5,
        ("queue_depth", (("kind", "partial"),)): 2,
        ("workers_used_ratio", ()): 0.75,
        ("engine_serving", (("engine", "0"),)): 1,
        ("engine_serving", (("engine", "1"),)): 0,
        ("engine_busy_seconds", (("engine", "1"),)): 40,
        ("engine_batch_limit", (("engine", "1"),)): 8,
        ("gpu_memory_used_bytes", (("device", "cuda:0"),)): 1_000,
        ("sessions_waiting", ()): 5,
        ("quota_holders", ()): 7,
        ("speakers", ()): 10,
        ("speaker_cost_ratio", ()): 0.03,
        ("workers_needed_ratio", ()): 0.3,
        ("final_turn_wait_seconds", ()): 0.2,
        ("partial_interval_seconds", ()): 0.8,
    }
    for (name, labels), value in expected.items():
        assert seen["wirescribe_" + name, labels] == pytest.approx(value)
    assert seen["process_cpu_seconds_total", ()] > 0
    assert seen["process_resident_memory_bytes", ()] > 1_000_000


def test_the_last_success_is_a_time_of_day_or_missing(metrics: Metrics) -> None:
    vitals = Vitals()
    metrics.watch(vitals)
    first = metrics.value("engine_last_success_timestamp_seconds")
    vitals.ago = 60.0
    later = metrics.value("engine_last_success_timestamp_seconds")
    assert first is not None and later is not None
    assert first > 1_700_000_000
    assert later < first
    vitals.ago = None
    assert metrics.value("engine_last_success_timestamp_seconds") is None
