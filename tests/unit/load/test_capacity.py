from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from load.capacity import ALWAYS, Bounds, capacity_report, find_capacity
from load.option import ScenarioError
from load.pages import reports_page
from load.run import Result
from load.scenario import Scenario
from load.spread import Spread
from load.summary import summarise
from load.table import table
from load.target import Target

TARGETS = (Target("first_shown_p95_s", 1.0), *ALWAYS)
SCENARIO = Scenario(name="made", targets=TARGETS)


class Time:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def server(
    holds: int, time: Time | None = None, *, probe_s: float = 60.0, failed: int = 0
) -> Callable[[Scenario], Result]:
    """Words are late in proportion to the streams."""

    def probe(scenario: Scenario) -> Result:
        if time is not None:
            time.now_s += probe_s
        late = scenario.layout.streams / holds
        spread = Spread(count=10, p50=late / 2, p95=late, minimum=0.0, maximum=late)
        summary = replace(summarise([]), first_shown=spread, failed=failed)
        return Result({"status": "ok"}, (), summary, 0.1, wall_s=10.0)

    return probe


def test_the_largest_number_that_holds() -> None:
    said: list[str] = []
    found = find_capacity(SCENARIO, Bounds(), server(holds=11), say=said.append)
    assert (found.streams, found.why) == (11, "border confirmed")
    assert [probe.streams for probe in found.probes] == [1, 2, 4, 8, 16, 12, 10, 11, 11, 12]
    assert said[4] == (
        "probe 5:  16 streams missed  first_shown_p95_s 1.45455 > 1, lost_s 0, failed 0"
    )
    assert len(said) == len(found.probes)


def test_nothing_may_fail() -> None:
    found = find_capacity(SCENARIO, Bounds(), server(holds=64, failed=1), say=lambda _: None)
    assert found.streams == 0


def test_it_stops_before_its_time_is_over() -> None:
    time = Time()
    found = find_capacity(
        SCENARIO, Bounds(minutes=5), server(holds=11, time=time), say=lambda _: None, now=time
    )
    assert time.now_s <= 5 * 60
    assert len(found.probes) == 5
    assert found.streams == 8
    assert found.why.startswith("stopped before 5 minutes")


def test_it_stops_after_its_probes_and_at_its_most_streams() -> None:
    few = find_capacity(SCENARIO, Bounds(probes=3), server(holds=11), say=lambda _: None)
    assert (few.streams, len(few.probes)) == (4, 3)
    assert "not confirmed" in few.why
    most = find_capacity(SCENARIO, Bounds(most_streams=6), server(holds=11), say=lambda _: None)
    assert most.streams == 6
    assert "may hold more" in most.why


def test_it_needs_a_target_that_is_measured() -> None:
    with pytest.raises(ScenarioError, match="capacity needs one"):
        find_capacity(replace(SCENARIO, targets=ALWAYS), Bounds(), server(1))
    unknown = replace(SCENARIO, targets=(Target("after_end_p50_s", 1.0),))
    with pytest.raises(ScenarioError, match="after_end_p50_s: not measured"):
        find_capacity(unknown, Bounds(), server(1))


def test_the_report_shows_every_probe_and_the_knee() -> None:
    found = find_capacity(SCENARIO, Bounds(), server(holds=3), say=lambda _: None)
    report = capacity_report(found, SCENARIO, command=["x", "y z"], label="capacity: made")
    assert (report["capacity"], len(report["probes"])) == (3, len(found.probes))
    page = reports_page([report])
    assert "3 streams hold every target." in page
    assert "Word first shown over streams" in page
    assert "target p95 1 s" in page
    assert "x &#x27;y z&#x27;" in page
    assert table([report]) == "capacity: made: 3 streams (border confirmed)"
