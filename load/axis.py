"""Axes: round ticks for any range of numbers, linear or by powers of two."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values with the places of its ticks. ``title`` names quantity and unit."""

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies, 0 at the low end and 1 at the high one; outside is cut off."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(max(value, self.low))
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def label(self, tick: float) -> str:
        """A tick's number, as exact as the steps between ticks need."""
        if self.log or len(self.ticks) < 2:
            return f"{tick:g}"
        step = self.ticks[1] - self.ticks[0]
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        return f"{tick:.{places}f}"


def linear(title: str, values: Iterable[float], *, zero: bool = True, most_ticks: int = 6) -> Axis:
    """An axis that holds all values, from zero unless there is something below it.

    Steps are 1, 2 or 5 times a power of ten.
    """
    known = [value for value in values if math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-9:
        high = low + max(abs(low) * 0.1, 1.0)
    step = _round_step((high - low) / most_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Axis(title, ticks[0], ticks[-1], ticks)


def doubling(title: str, values: Iterable[float]) -> Axis:
    """An axis of powers of two, for counts that double."""
    known = [value for value in values if value > 0] or [1.0]
    first = math.floor(math.log2(min(known)))
    last = max(math.ceil(math.log2(max(known))), first + 1)
    ticks = tuple(float(2**power) for power in range(first, last + 1))
    return Axis(title, ticks[0], ticks[-1], ticks, log=True)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)
