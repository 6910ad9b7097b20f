"""The plots of reports: latencies by share and over time, use of the machine, CPU by stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from load.axis import doubling, linear
from load.plot import Bar, Limit, Series, bar_plot, cumulative, line_plot
from load.timeline import Bin, bin_width, bins

MOMENTS = (
    ("first_shown_s", "first shown"),
    ("committed_s", "committed"),
    ("final_s", "final"),
)
"""The latencies of a word that are plotted, with their names."""


def latency_shares(title: str, named: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Cumulative shares of latencies in seconds, a line a name, up to the slowest line's p99."""
    series = [Series(name, cumulative(values)) for name, values in named if values]
    if not series:
        return ""
    tails = [sorted(values)[int(0.99 * (len(values) - 1))] for _, values in named if values]
    low = min(0.0, *(min(values) for _, values in named if values))
    x = linear("seconds after the word was spoken", [max(low, -1.0), max(tails)])
    y = linear("words, %", [0.0, 100.0], most_ticks=5)
    return line_plot(title, x, y, series)


def word_latencies(report: dict[str, Any], key: str = "first_shown_s") -> list[float]:
    """A latency of every word of a run's report, slow readers left out."""
    return [word[key] for stream in _reading(report) for word in stream["words"]]


def shares_of_run(report: dict[str, Any]) -> str:
    """The three latencies of one run."""
    return latency_shares(
        "Word latency, share of words",
        [(name, word_latencies(report, key)) for key, name in MOMENTS],
    )


def latency_over_time(report: dict[str, Any], limit: float | None = None) -> str:
    """First-shown latency by the time at which the words were spoken."""
    points = [
        (stream["begin_s"] + word["spoken_s"], word["first_shown_s"])
        for stream in _reading(report)
        for word in stream["words"]
        if "spoken_s" in word
    ]
    if not points:
        return ""
    width = bin_width(max(at for at, _ in points))
    return plot_bins(
        f"Word first shown over the run, by {width:g} s", bins(points, width), 1.0, "s", limit
    )


def plot_bins(
    title: str, found: Sequence[Bin], per: float, unit: str, limit: float | None = None
) -> str:
    """p50 and p95 of bins over time in so many seconds a ``unit``."""
    if not found:
        return ""
    series = [
        Series("p50", tuple((one.middle_s / per, one.p50) for one in found), marks=True),
        Series("p95", tuple((one.middle_s / per, one.p95) for one in found), marks=True),
    ]
    x = linear(f"time of the run, {unit}", [0.0, max(one.to_s for one in found) / per])
    limits = [] if limit is None else [Limit("target p95", limit)]
    highest = [one.p95 for one in found] + [limit or 0.0]
    return line_plot(title, x, linear("latency, s", highest), series, limits)


def cores_over_time(uses: Sequence[dict[str, Any]], per: float = 1.0, unit: str = "s") -> str:
    """Cores that the server and the harness kept busy."""
    server = [(u["at_s"] / per, u["server_cores"]) for u in uses if u["server_cores"] is not None]
    harness = [(u["at_s"] / per, u["harness_cores"]) for u in uses]
    if len(harness) < 2:
        return ""
    series = [Series("server", tuple(server)), Series("harness", tuple(harness))]
    x = linear(f"time of the run, {unit}", [0.0, *(at for at, _ in harness)])
    y = linear("cores busy", [value for _, value in (*server, *harness)])
    return line_plot("CPU", x, y, [one for one in series if one.points])


def memory_over_time(uses: Sequence[dict[str, Any]], per: float = 1.0, unit: str = "s") -> str:
    """The server's resident memory."""
    points = [
        (u["at_s"] / per, u["server_rss_mib"]) for u in uses if u["server_rss_mib"] is not None
    ]
    if len(points) < 2:
        return ""
    x = linear(f"time of the run, {unit}", [0.0, *(at for at, _ in points)])
    y = linear("resident memory, MiB", [value for _, value in points])
    return line_plot("Memory of the server", x, y, [Series("server", tuple(points))])


def cpu_bars(named: Iterable[tuple[str, dict[str, Any] | None]]) -> str:
    """CPU seconds for a second of audio by stage, a bar a run."""
    known = [(name, split) for name, split in named if split is not None]
    if not known:
        return ""
    stages = list(dict.fromkeys(stage for _, split in known for stage in split["stages"]))
    bars = [
        Bar(
            name,
            (*(split["stages"].get(stage, 0.0) for stage in stages), max(0.0, split["rest"])),
        )
        for name, split in known
    ]
    y = linear("CPU s for 1 s of audio", [sum(bar.parts) for bar in bars])
    return bar_plot("CPU by stage", y, [*stages, "rest"], bars)


def knee(
    title: str,
    points: Sequence[tuple[float, dict[str, float] | None]],
    limits: Sequence[Limit] = (),
) -> str:
    """p50 and p95 in seconds over the number of streams."""
    known = sorted(
        ((streams, spread) for streams, spread in points if spread), key=lambda one: one[0]
    )
    if not known:
        return ""
    series = [
        Series(quantile, tuple((n, spread[quantile]) for n, spread in known), marks=True)
        for quantile in ("p50", "p95")
    ]
    y = linear("latency, s", [s["p95"] for _, s in known] + [limit.at for limit in limits])
    return line_plot(title, doubling("streams", [n for n, _ in known]), y, series, limits)


def _reading(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [stream for stream in report["streams"] if not stream.get("slow")]
