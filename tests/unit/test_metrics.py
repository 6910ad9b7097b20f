"""What is counted, what is asked for at a scrape, and what no label may ever hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from streaming import __version__
from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.metrics import Metrics
from tests.support.vitals import Vitals, samples


def request(kind: Kind, seconds: float, **fields: object) -> DecodeRequest:
    audio = np.zeros(int(seconds * 16_000), np.float32)
    given: dict[str, object] = {"language": LanguageChoice(fixed="en"), **fields}
    return DecodeRequest(kind, 0, 0, 0, audio, **given)  # type: ignore[arg-type]


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    yield Metrics()


def test_places_given_and_refused(metrics: Metrics) -> None:
    metrics.admitted(None)
    metrics.admitted(3.0)
    for reason in ("overloaded", "connections", "connections", "something new"):
        metrics.turned_away(reason)
    assert metrics.value("admission_wait_seconds_count") == 2
    assert metrics.value("admission_wait_seconds_bucket", le="0.0") == 1
    assert metrics.value("admission_wait_seconds_sum") == 3
    assert metrics.value("admission_refusals_total", reason="overloaded") == 1
    assert metrics.value("admission_refusals_total", reason="connections") == 2
    assert metrics.value("admission_refusals_total", reason="other") == 1
    assert metrics.value("admission_refusals_total", reason="left") == 0


def test_two_of_them_share_nothing(metrics: Metrics) -> None:
    metrics.session_ended("native", "done")
    assert metrics.value("sessions_total", transport="native", outcome="done") == 1
    assert Metrics().value("sessions_total", transport="native", outcome="done") is None


def test_an_outcome_is_one_of_a_few(metrics: Metrics) -> None:
    with pytest.raises(ValueError, match="'bored' is not one of done, lost, refused, failed"):
        metrics.session_ended("native", "bored")


def test_texts_and_their_ages(metrics: Metrics) -> None:
    metrics.partial_sent(0.25, 0.9)
    metrics.partial_sent(0.45, None)
    metrics.final_sent(0.4, 1.2)
    metrics.words_sent(7)
    metrics.words_retracted(2)
    metrics.partial_superseded()
    metrics.segment_suppressed("no_speech")
    assert metrics.value("partial_latency_seconds_count") == 2
    assert metrics.value("partial_latency_seconds_sum") == pytest.approx(0.7)
    assert metrics.value("partial_latency_seconds_bucket", le="0.3") == 1
    assert metrics.value("first_partial_latency_seconds_sum") == pytest.approx(0.9)
    assert metrics.value("finalise_latency_seconds_sum") == pytest.approx(0.4)
    assert metrics.value("final_delay_seconds_sum") == pytest.approx(1.2)
    assert metrics.value("final_words_total") == 7
    assert metrics.value("words_retracted_total") == 2
    assert metrics.value("partials_superseded_total") == 1
    assert metrics.value("segments_suppressed_total", reason="no_speech") == 1


@pytest.mark.parametrize(
    "name", ["partial_latency", "first_partial_latency", "finalise_latency", "final_delay"]
)
def test_latencies_have_the_buckets_that_alerts_are_written_for(
    metrics: Metrics, name: str
) -> None:
    bounds = [
        dict(labels)["le"]
        for (sample, labels), _ in samples(metrics).items()
        if sample == f"wirescribe_{name}_seconds_bucket"
    ]
    said = [".05", ".1", ".2", ".3", ".5", ".75", "1", "1.5", "2", "3", "5", "10", "inf"]
    assert [float(bound) for bound in bounds] == [float(bound) for bound in said]


def test_a_batch_is_counted_by_its_kind(metrics: Metrics) -> None:
    metrics.decoded([request(Kind.PARTIAL, 2), request(Kind.PARTIAL, 1.5)], 0.2)
    metrics.decoded([request(Kind.FINAL, 8, again=True, doubt="repetition")], 0.6)
    metrics.decode_failed()
    assert metrics.value("batch_size_sum", kind="partial") == 2
    assert metrics.value("batch_size_count", kind="partial") == 1
    assert metrics.value("decode_seconds_sum", kind="final") == pytest.approx(0.6)
    assert metrics.value("audio_decoded_seconds_total", kind="partial") == pytest.approx(3.5)
    assert metrics.value("audio_decoded_seconds_total", kind="early") == 0
    assert metrics.value("fallbacks_total", reason="repetition") == 1
    assert metrics.value("decode_failures_total") == 1


def test_stages_add_up_and_voice_detection_is_not_counted_twice(metrics: Metrics) -> None:
    metrics.watch(Vitals())
    metrics.voice_detected(0.5)
    metrics.audio_handled(0.75)
    spent = {
        labels: value
        for (name, labels), value in samples(metrics).items()
        if name == "wirescribe_stage_seconds_total"
    }
    assert spent == {
        (("stage", "vad"),): 0.5,
        (("stage", "audio"),): 0.25,
        (("stage", "encoder"),): 3.0,
    }


def test_it_can_be_scraped_before_there_is_a_service(metrics: Metrics) -> None:
    assert ("wirescribe_build_info", (("version", __version__),)) in samples(metrics)


def test_every_name_is_ours_or_the_processs_and_labels_have_few_values(metrics: Metrics) -> None:
    metrics.watch(Vitals())
    metrics.session_ended("native", "lost")
    metrics.closed(1006)
    seen = samples(metrics)
    assert all(name.startswith(("wirescribe_", "process_")) for name, _ in seen)
    known = {
        "version", "model", "device", "compute_type", "transport", "outcome", "code", "kind",
        "engine", "reason", "stage", "state", "le",
    }  # fmt: skip
    assert {label for _, labels in seen for label, _ in labels} <= known
