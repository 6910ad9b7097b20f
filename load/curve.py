"""Latencies over the number of streams as an SVG file, from the reports of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from load.axis import doubling, linear
from load.plot import Series, line_drawing

# Grounds differ, so nothing is filled behind the figure; the viewer's scheme chooses the inks.
_STYLE = """
text{font:12px system-ui,sans-serif;fill:#333}
.grid{stroke:#8884;stroke-width:1}
.edge{stroke:#888;stroke-width:1.2}
.line{stroke-width:2}
.line.s0{stroke:#0072b2}.line.s1{stroke:#d55e00}.line.s2{stroke:#007a5a}
.fill.s0{fill:#0072b2}.fill.s1{fill:#d55e00}.fill.s2{fill:#007a5a}
@media (prefers-color-scheme:dark){
text{fill:#ddd}
.line.s0{stroke:#56b4e9}.line.s1{stroke:#ff9248}.line.s2{stroke:#2fc79a}
.fill.s0{fill:#56b4e9}.fill.s1{fill:#ff9248}.fill.s2{fill:#2fc79a}
}
"""

_LINES = (
    ("word shown, median", "first_shown", "p50"),
    ("word shown, 95 %", "first_shown", "p95"),
    ("final after the last word, 95 %", "after_speech", "p95"),
)


def latency_curve(reports: Sequence[dict[str, Any]]) -> str:
    """Draw the runs by their number of streams; ValueError where there is no latency in any."""
    runs = sorted((len(one["streams"]), one["summary"]) for one in reports if one.get("streams"))
    series = []
    for name, figure, quantile in _LINES:
        known = tuple((n, summary[figure][quantile]) for n, summary in runs if summary.get(figure))
        if known:
            series.append(Series(name, known, marks=True))
    if not series:
        raise ValueError("no report has latencies: give those of several runs")
    points = [point for one in series for point in one.points]
    return (
        line_drawing(
            "Latency over the number of streams",
            doubling("streams at once", sorted({n for n, _ in points})),
            linear("seconds after it was spoken", [seconds for _, seconds in points]),
            series,
            style=_STYLE,
        )
        + "\n"
    )
