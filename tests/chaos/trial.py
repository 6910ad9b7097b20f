"""What every trial is: something that is tried so often, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is to be tried: ``scale`` multiplies counts, ``seconds`` is for what just runs."""

    scale: float = 1.0
    seconds: float = 60.0
    seed: int = 1

    def of(self, count: int) -> int:
        """A count, scaled; at least one."""
        return max(1, round(count * self.scale))


@dataclass(slots=True)
class Outcome:
    """One line of the table. ``holds`` is what is only said when nothing failed.

    ``figures`` are for whoever wants more than the line.
    """

    name: str
    tried: str
    happened: str = ""
    holds: str = ""
    failures: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether everything was as it should be."""
        return not self.failures

    @property
    def told(self) -> str:
        """What happened, in a line."""
        failed = f"**{len(self.failures)} failures**" if self.failures else self.holds
        return "; ".join(part for part in (self.happened, failed) if part)

    def expect(self, true: bool, failure: str) -> None:
        """Note a failure unless something is true; at most twenty are kept."""
        if not true and len(self.failures) < 20:
            self.failures.append(failure)


Trial = Callable[[Effort], Coroutine[Any, Any, Outcome]]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
