from __future__ import annotations

import pytest

from load.metrics import Sample, parse_metrics, stages_between
from load.split import split

TEXT = """\
# HELP wirescribe_stage_seconds_total Seconds
# TYPE wirescribe_stage_seconds_total counter
wirescribe_stage_seconds_total{stage="encoder"} 1.5
wirescribe_stage_seconds_total{stage="vad",worker="0"} 0.25 1690000000000
wirescribe_stage_seconds_total{stage="vad",worker="1"} 0.25
wirescribe_stage_seconds_total{stage="dreaming"} 1e-2
wirescribe_audio_received_seconds_total 40
odd_text{path="a\\"b\\\\c\\n"} NaN
not a sample
half{open="x} 3
"""


def test_the_text_format() -> None:
    samples = {(one.name, one.labels.get("stage")): one.value for one in parse_metrics(TEXT)}
    assert samples["wirescribe_stage_seconds_total", "encoder"] == 1.5
    assert samples["wirescribe_audio_received_seconds_total", None] == 40
    odd = next(one for one in parse_metrics(TEXT) if one.name == "odd_text")
    assert odd.labels == {"path": 'a"b\\c\n'}
    assert not any(one.name == "not" for one in parse_metrics(TEXT))


def test_stages_are_what_was_spent_between_two_readings() -> None:
    before = parse_metrics(TEXT)
    after = [
        Sample(one.name, one.labels, one.value + 1.0) if one.name.startswith("wirescribe_") else one
        for one in before
    ]
    found = stages_between(before, after)
    assert found is not None
    # Named stages in their order, unknown ones behind; two workers' vad are summed.
    assert list(found.seconds.items()) == [("vad", 2.0), ("encoder", 1.0), ("dreaming", 1.0)]
    assert found.audio_s == 1.0


def test_a_stage_that_began_in_between_counts_from_nothing() -> None:
    after = parse_metrics('wirescribe_stage_seconds_total{stage="align"} 3')
    found = stages_between([], after)
    assert found is not None
    assert (found.seconds, found.audio_s) == ({"align": 3.0}, None)


def test_without_metrics_there_are_no_stages() -> None:
    assert stages_between(None, []) is None
    assert stages_between([], None) is None
    assert stages_between([], parse_metrics("up 1")) is None


def test_the_rest_is_what_no_stage_accounts_for() -> None:
    stages = stages_between([], parse_metrics(TEXT))
    found = split(4.0, 10.0, stages)
    assert found is not None
    assert found.stages == {"vad": 0.05, "encoder": 0.15, "dreaming": 0.001}
    assert found.total == 0.4
    assert found.rest == pytest.approx(0.199)
    assert split(None, 10.0, stages) is None
    assert split(4.0, 10.0, None) is None
    assert split(4.0, 0.0, stages) is None
