"""``soak``: the same streams for a long time, and whether anything grows that shouldn't."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from load.layouts import looped
from load.option import ScenarioError
from load.plot import cumulative
from load.programme import Programme
from load.programmes import choose, lay_out, make_plan
from load.report import SOAK_SCHEMA, cpu_split, harness, machine
from load.run import Result, execute
from load.sampler import Moment
from load.scenario import Scenario
from load.score import StreamScore
from load.target import Verdict
from load.timeline import Bin, bins, lowest, slope, uses

MOST_MINUTES = 24 * 60
_SAMPLE_S = 5.0
_WARM_UP = 0.1
"""Share of the time (at most ten minutes) that is left out of slopes: caches fill."""
_TRIMMED_S = 120.0
"""In so long our server's heap has been given back once at least."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long, and how much audio is held for a lap of it."""

    minutes: float
    lap_s: float = 240.0

    def __post_init__(self) -> None:
        if not 0 < self.minutes <= MOST_MINUTES:
            raise ScenarioError(f"--minutes {self.minutes:g}: above 0, at most {MOST_MINUTES}")
        if self.lap_s < 1:
            raise ScenarioError(f"--lap {self.lap_s:g}: at least 1")


def run_soak(
    scenario: Scenario,
    length: Length,
    url: str,
    *,
    server_pid: int | None = None,
    say: Callable[[str], None] = print,
) -> Result:
    """Plays every stream of the scenario over and over for so long.

    A session that fails is reported, and another one takes its place for the rest of the time.
    """
    mode = scenario.layout.mode
    if mode not in ("continuous", "turns"):
        raise ScenarioError(f"layout.mode: {mode!r} is not continuous or turns, for a soak")
    layout = replace(scenario.layout, seconds=min(length.lap_s, length.minutes * 60))
    programmes: list[Programme] = [
        looped(programme, length.minutes * 60)
        for programme in lay_out(choose(scenario.sources), layout)
    ]
    plan = make_plan(scenario, url, server_pid=server_pid, programmes=programmes)
    # Short soaks are for trying out: they are sampled as often as runs.
    every_s = min(_SAMPLE_S, max(1.0, length.minutes * 60 / 120))
    return execute(
        replace(plan, reopen=True, sample_s=every_s), on_moment=_Minutes(say, plan.at_once)
    )


class _Minutes:
    """Says how things stand, once a minute."""

    def __init__(self, say: Callable[[str], None], streams: int) -> None:
        self._say = say
        self._streams = streams
        self._last: Moment | None = None

    def __call__(self, moment: Moment) -> None:
        last = self._last
        if last is not None and moment.at_s - last.at_s < 60:
            return
        self._last = moment
        if last is None:
            return
        took_s = moment.at_s - last.at_s
        parts = [f"minute {moment.at_s / 60:.0f}"]
        if moment.server_cpu_s is not None and last.server_cpu_s is not None:
            parts.append(f"server {(moment.server_cpu_s - last.server_cpu_s) / took_s:.2f} cores")
        if moment.server_rss_mib is not None:
            parts.append(f"{moment.server_rss_mib:.0f} MiB")
        own = (moment.harness_cpu_s - last.harness_cpu_s) / took_s
        self._say(f"{', '.join(parts)}, harness {own * 100:.1f} % of a core")


def minutes_of(result: Result) -> tuple[list[Bin], list[Bin]]:
    """First-shown latencies of words, and finals after the last word, by the minute."""
    reading = [score for score in result.scores if not score.slow]
    words = [
        (score.begin_s + word.spoken_s, word.first_shown_s)
        for score in reading
        for word in score.words
    ]
    finals = [
        (score.begin_s + segment.at_s, segment.finalise_s)
        for score in reading
        for segment in score.segments
        if segment.finalise_s is not None
    ]
    return bins(words, 60.0), bins(finals, 60.0)


def slopes(result: Result) -> dict[str, float | None]:
    """Growth by the hour, after a warm-up, by the median of all pairs' slopes.

    ``rss_mib`` is all that the process has, ``held_mib`` the least of it in each two minutes: a
    heap keeps what decoding frees, much or little, and our server gives it back once a minute.
    What a session holds on to raises that least as well; over the number of sessions it is
    ``held_mib_per_session``.
    """
    end_s = max((moment.at_s for moment in result.moments), default=0.0)
    warm_s = min(600.0, end_s * _WARM_UP)
    words, finals = minutes_of(result)
    memory = [
        (moment.at_s / 3600, moment.server_rss_mib)
        for moment in result.moments
        if moment.server_rss_mib is not None and warm_s <= moment.at_s
    ]
    streams = max(1, len({score.name for score in result.scores}))
    held = slope(lowest(memory, _TRIMMED_S / 3600))

    def by_hour(found: Sequence[Bin], quantile: str) -> float | None:
        points = [
            (one.middle_s / 3600, float(getattr(one, quantile)))
            for one in found
            if warm_s <= one.from_s and one.to_s <= end_s
        ]
        return _rounded(slope(points))

    return {
        "first_shown_p50_s": by_hour(words, "p50"),
        "first_shown_p95_s": by_hour(words, "p95"),
        "final_p50_s": by_hour(finals, "p50"),
        "final_p95_s": by_hour(finals, "p95"),
        "rss_mib": _rounded(slope(memory)),
        "held_mib": _rounded(held),
        "held_mib_per_session": None if held is None else _rounded(held / streams),
    }


def soak_report(
    result: Result,
    scenario: Scenario,
    length: Length,
    *,
    command: Sequence[str],
    label: str,
    verdicts: Sequence[Verdict] = (),
) -> dict[str, Any]:
    """Everything about a soak but the single words."""
    words, finals = minutes_of(result)
    shown = [word.first_shown_s for score in result.scores for word in score.words]
    return {
        "schema": SOAK_SCHEMA,
        "label": label,
        "command": list(command),
        "scenario": asdict(scenario),
        "machine": machine(),
        "server": result.server,
        "minutes": length.minutes,
        "harness": harness(result),
        "targets": [asdict(verdict) for verdict in verdicts],
        "summary": asdict(result.summary),
        "split": cpu_split(result),
        "uses": [asdict(use) for use in uses(result.moments)],
        "slopes_per_hour": slopes(result),
        "first_shown_by_minute": [asdict(one) for one in words],
        "final_by_minute": [asdict(one) for one in finals],
        "first_shown_shares": cumulative(shown),
        "sessions": [_session(score) for score in result.scores],
    }


def _session(score: StreamScore) -> dict[str, Any]:
    sent_ms = score.sent_s * 1000
    return {
        "name": score.name,
        "begin_s": score.begin_s,
        "sent_ms": round(sent_ms, 3),
        "counted_ms": score.counted_ms,
        # The server counts whole milliseconds: less than one apart is exact.
        "exact": score.counted_ms is not None and abs(score.counted_ms - sent_ms) < 1.0,
        "finals": len(score.segments),
        "words": len(score.words),
        "errors": asdict(score.errors),
        "failure": None if score.failure is None else asdict(score.failure),
        "breaches": list(score.breaches[:20]),
        "ok": score.ok,
        "latest_s": max(score.lateness_s, default=None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
