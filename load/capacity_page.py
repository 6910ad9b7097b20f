"""A capacity search's part of a page: the answer, the knee, every probe."""

from __future__ import annotations

from typing import Any

from load import figures, html
from load.plot import Limit


def capacity_sections(report: dict[str, Any]) -> list[str]:
    """What there is to show of a search."""
    probes = report["probes"]
    streams = report["capacity"]
    answer = (
        f"{streams} streams hold every target." if streams else "Not even one stream holds them."
    )
    limits = {one["figure"]: one["most"] for one in report["targets"]}
    plots = [
        _knee("Word first shown over streams", "first_shown", probes, limits, "first_shown"),
        _knee("Final after last word over streams", "after_speech", probes, limits, "final"),
        _knee("Final after finalize over streams", "after_finalize", probes, limits, None),
        figures.cpu_bars(_splits(probes)),
    ]
    rows: list[tuple[str | html.Marked, ...]] = []
    for number, probe in enumerate(probes, start=1):
        late = probe["summary"]["lateness"]
        cost = probe["summary"]["cost"]
        mark = "held" if probe["held"] else "missed"
        rows.append(
            (
                str(number),
                str(probe["streams"]),
                *(
                    html.Marked(
                        "–" if v["found"] is None else f"{v['found']:g}",
                        "" if v["held"] else "missed",
                    )
                    for v in probe["verdicts"]
                ),
                "–" if cost is None else f"{cost['cpu_s_per_audio_s']:.3f}",
                "–" if late is None else f"{late['p95'] * 1000:.0f} / {late['maximum'] * 1000:.0f}",
                html.Marked(mark, mark),
            )
        )
    head = (
        "probe", "streams", *(f"{name} ≤ {most:g}" for name, most in limits.items()),
        "CPU s / audio s", "own lateness p95 / max, ms", "",
    )  # fmt: skip
    return [
        html.section("Capacity", html.paragraph(answer), html.paragraph(report["why"], faint=True)),
        html.section("Plots", html.figures(*plots)),
        html.section("Probes, in their order", html.table(head, rows)),
    ]


def _knee(
    title: str,
    figure: str,
    probes: list[dict[str, Any]],
    limits: dict[str, float],
    target: str | None,
) -> str:
    drawn = [
        Limit(f"target {quantile} {limits[name]:g} s", limits[name])
        for quantile in ("p50", "p95")
        if (name := f"{target or figure}_{quantile}_s") in limits
    ]
    points = [(probe["streams"], probe["summary"].get(figure)) for probe in probes]
    return figures.knee(title, points, drawn)


def _splits(probes: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any] | None]]:
    latest = {probe["streams"]: probe["split"] for probe in probes}
    return [(str(streams), latest[streams]) for streams in sorted(latest)]
