"""The picture of latencies over streams."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from load.curve import latency_curve


def run(streams: int, shown: float, final: float | None) -> dict[str, Any]:
    after = None if final is None else {"p50": final / 2, "p95": final}
    return {
        "streams": [{}] * streams,
        "summary": {"first_shown": {"p50": shown, "p95": 3 * shown}, "after_speech": after},
    }


def test_every_run_is_a_point_of_every_line() -> None:
    picture = latency_curve([run(16, 0.8, 1.7), run(1, 0.3, 0.9), run(4, 0.4, 1.1)])
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own
    assert root.tag.endswith("svg")
    circles = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(circles) == 9
    across = [float(each.attrib["cx"]) for each in circles[:3]]
    assert across == sorted(across)
    said = {each.text for each in root.iter() if each.tag.endswith("text")}
    assert {"1", "4", "16", "word shown, median", "final after the last word, 95 %"} <= said


def test_what_was_not_measured_has_no_line() -> None:
    picture = latency_curve([run(1, 0.3, None), {"texts": []}])
    assert "final after" not in picture


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="no report has latencies"):
        latency_curve([{"texts": []}])
