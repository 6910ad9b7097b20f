"""Bounds that a run is to hold, by the names of its figures: ``first_shown_p95_s = 2.5``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from load.option import ScenarioError, did_you_mean
from load.summary import Summary

_QUANTILES = ("p50", "p95", "maximum")
_SPREADS: dict[str, Callable[[Summary], Any]] = {
    "first_shown": lambda s: s.first_shown,
    "stable": lambda s: s.stable,
    "committed": lambda s: s.committed,
    "final": lambda s: s.after_speech,
    "word_final": lambda s: s.final,
    "first_text": lambda s: s.first_text,
    "after_finalize": lambda s: s.after_finalize,
    "after_end": lambda s: s.after_end,
    "lateness": lambda s: s.lateness,
}
_COUNTS: dict[str, Callable[[Summary], float | None]] = {
    "lost_s": lambda s: s.lost_s,
    "failed": lambda s: s.failed,
    "breaches": lambda s: sum(s.breaches.values()),
    "invented_words": lambda s: s.invented_words,
    "erasure": lambda s: s.erasure_normalised,
    "error_rate": lambda s: s.error_rate,
    "cpu_s_per_audio_s": lambda s: None if s.cost is None else s.cost.cpu_s_per_audio_s,
}


def figure_names() -> list[str]:
    """Every name that a target may have."""
    return [
        *_COUNTS,
        *(f"{name}_{quantile}_s" for name in _SPREADS for quantile in _QUANTILES),
    ]


@dataclass(frozen=True, slots=True)
class Target:
    """The most that a figure may be."""

    figure: str
    most: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target beside what was measured; a figure that nobody could measure is missed."""

    figure: str
    most: float
    found: float | None
    held: bool


def parse_targets(given: Mapping[str, Any]) -> tuple[Target, ...]:
    """Targets by the names of figures; ``ScenarioError`` for a strange name or value."""
    known = figure_names()
    targets = []
    for name, value in given.items():
        if name not in known:
            near = did_you_mean(name, known)
            raise ScenarioError(f"targets.{name}: no figure of that name{near}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise ScenarioError(f"targets.{name}: {value!r} is not a number of at least 0")
        targets.append(Target(name, float(value)))
    return tuple(targets)


def parse_target(text: str) -> Target:
    """``name=value`` as it stands on a command line."""
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        equals = ""
    if not equals:
        raise ScenarioError(f"target {text!r}: expected NAME=NUMBER")
    return parse_targets({name.strip(): number})[0]


def judge(targets: Sequence[Target], summary: Summary) -> list[Verdict]:
    """What became of each target."""
    return [_verdict(target, figure(target.figure, summary)) for target in targets]


def figure(name: str, summary: Summary) -> float | None:
    """A figure of a run by its name; ``None`` where it wasn't measured."""
    if name in _COUNTS:
        return _COUNTS[name](summary)
    for quantile in _QUANTILES:
        base = name.removesuffix(f"_{quantile}_s")
        if base != name:
            spread = _SPREADS[base](summary)
            return None if spread is None else float(getattr(spread, quantile))
    raise KeyError(name)


def _verdict(target: Target, found: float | None) -> Verdict:
    return Verdict(target.figure, target.most, found, found is not None and found <= target.most)
