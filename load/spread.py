"""A few numbers that stand for many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Count, median, 95th percentile (linear interpolation) and extremes."""

    count: int
    p50: float
    p95: float
    minimum: float
    maximum: float


def spread(values: Iterable[float | None]) -> Spread | None:
    """The spread of the values that are there; ``None`` for none."""
    known = np.array([value for value in values if value is not None])
    if not known.size:
        return None
    return Spread(
        count=int(known.size),
        p50=round(float(np.percentile(known, 50)), 4),
        p95=round(float(np.percentile(known, 95)), 4),
        minimum=round(float(known.min()), 4),
        maximum=round(float(known.max()), 4),
    )
