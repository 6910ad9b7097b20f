"""Figures over the time of a run: percentiles in bins, use between samples, slopes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from load.sampler import Moment


@dataclass(frozen=True, slots=True)
class Bin:
    """Values of one stretch of time."""

    from_s: float
    to_s: float
    count: int
    p50: float
    p95: float

    @property
    def middle_s(self) -> float:
        """Its middle."""
        return (self.from_s + self.to_s) / 2


@dataclass(frozen=True, slots=True)
class Use:
    """Use of the machine between two samples; ``None`` where the server can't be seen."""

    at_s: float
    server_cores: float | None
    harness_cores: float
    server_rss_mib: float | None


def bins(points: Iterable[tuple[float, float]], width_s: float) -> list[Bin]:
    """Percentiles of (moment, value) by stretches of ``width_s``; empty ones are left out."""
    out = []
    for number, held in _stretches(points, width_s):
        values = [value for _, value in held]
        out.append(
            Bin(
                from_s=number * width_s,
                to_s=(number + 1) * width_s,
                count=len(values),
                p50=round(float(np.percentile(values, 50)), 4),
                p95=round(float(np.percentile(values, 95)), 4),
            )
        )
    return out


def _stretches(
    points: Iterable[tuple[float, float]], width: float
) -> list[tuple[int, list[tuple[float, float]]]]:
    """What falls into each stretch of ``width``, by its number, in order; no empty ones."""
    held: dict[int, list[tuple[float, float]]] = {}
    for point in points:
        held.setdefault(int(point[0] // width), []).append(point)
    return sorted(held.items())


def bin_width(length_s: float, most: int = 30) -> float:
    """A round width that makes at most so many bins."""
    widths = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
    return float(next((width for width in widths if length_s / width <= most), 3600))


def uses(moments: Sequence[Moment]) -> list[Use]:
    """Cores in use between each two samples."""
    found = []
    for before, after in pairwise(moments):
        took_s = after.at_s - before.at_s
        if took_s < 0.5:
            continue  # two samples at the end of a run: little more than a ratio of clock ticks
        server = None
        if before.server_cpu_s is not None and after.server_cpu_s is not None:
            server = round((after.server_cpu_s - before.server_cpu_s) / took_s, 4)
        harness = round((after.harness_cpu_s - before.harness_cpu_s) / took_s, 4)
        found.append(Use(after.at_s, server, harness, after.server_rss_mib))
    return found


def lowest(points: Iterable[tuple[float, float]], width: float) -> list[tuple[float, float]]:
    """The point with the least value of each stretch of ``width``, in order.

    The last stretch is left out unless it is whole: what it has not reached yet may be less.
    """
    known = list(points)
    last = max((at for at, _ in known), default=0.0)
    return [
        min(held, key=lambda point: point[1])
        for number, held in _stretches(known, width)
        if (number + 1) * width <= last
    ]


def slope(points: Iterable[tuple[float, float]]) -> float | None:
    """Growth for a unit of the first coordinate: Theil and Sen's, the median of all pairs' slopes.

    One odd minute doesn't move it. ``None`` for fewer than three points.
    """
    known = np.array(list(points), dtype=np.float64).reshape(-1, 2)
    if len(known) < 3:
        return None
    if len(known) > 600:  # pairs grow with the square
        known = known[np.linspace(0, len(known) - 1, 600).round().astype(int)]
    first, last = np.triu_indices(len(known), k=1)
    across = known[last, 0] - known[first, 0]
    rises = (known[last, 1] - known[first, 1])[across > 0] / across[across > 0]
    return float(np.median(rises)) if rises.size else None
