"""``capacity``: how many streams a server holds at stated targets, with nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from load.health import server_health, wait_ready
from load.option import ScenarioError
from load.programmes import choose, lay_out, make_plan
from load.report import CAPACITY_SCHEMA, cpu_split, harness, machine
from load.run import Result, execute
from load.scenario import Scenario
from load.search import Search
from load.target import Target, Verdict, judge
from load.timeline import uses

ALWAYS = (Target("lost_s", 0.0), Target("failed", 0.0))
"""Held in any case: a server that drops work is not faster."""

_SETTLE_S = 30.0
_REST_S = 3.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a search may take. A probe is begun only if it can be over within ``minutes``."""

    start: int = 1
    most_streams: int = 64
    minutes: float = 60.0
    probes: int = 20
    repeats: int = 2


@dataclass(frozen=True, slots=True)
class Probe:
    """One run of the search."""

    streams: int
    held: bool
    verdicts: tuple[Verdict, ...]
    result: Result


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. ``why`` says how it ended."""

    streams: int
    why: str
    probes: tuple[Probe, ...]


def find_capacity(
    scenario: Scenario,
    bounds: Bounds,
    probe: Callable[[Scenario], Result],
    *,
    say: Callable[[str], None] = print,
    now: Callable[[], float] = time.monotonic,
) -> Found:
    """Searches; ``probe`` plays a scenario and returns what came of it.

    Every probe is the scenario with another number of streams: same seed, same length.
    """
    if not any(target.figure not in ("lost_s", "failed") for target in scenario.targets):
        raise ScenarioError("targets: capacity needs one, such as first_shown_p95_s = 2.5")
    search = Search(bounds.start, bounds.most_streams, repeats=bounds.repeats)
    begun, longest_s = now(), 0.0
    probes: list[Probe] = []
    why = "border confirmed"
    while (streams := search.next()) is not None:
        if len(probes) >= bounds.probes:
            why = f"stopped after {len(probes)} probes; the border is not confirmed"
            break
        if probes and now() - begun + longest_s > bounds.minutes * 60:
            why = f"stopped before {bounds.minutes:g} minutes were over; border not confirmed"
            break
        started = now()
        layout = replace(scenario.layout, streams=streams)
        result = probe(replace(scenario, layout=layout))
        longest_s = max(longest_s, now() - started)
        verdicts = tuple(judge(scenario.targets, result.summary))
        unknown = [verdict.figure for verdict in verdicts if verdict.found is None]
        if unknown and not probes and not result.summary.failed:
            raise ScenarioError(f"targets.{unknown[0]}: not measured by what this scenario plays")
        held = all(verdict.held for verdict in verdicts)
        search.tell(streams, held)
        probes.append(Probe(streams, held, verdicts, result))
        say(_line(len(probes), probes[-1]))
    else:
        if search.best == bounds.most_streams:
            why = "the most streams that were allowed held: the server may hold more"
    return Found(search.best, why, tuple(probes))


def prober(url: str, server_pid: int | None = None) -> Callable[[Scenario], Result]:
    """Plays scenarios at a server, each when the sessions of the one before are gone."""

    def probe(scenario: Scenario) -> Result:
        recordings = choose(scenario.sources)
        plan = make_plan(
            scenario, url, server_pid=server_pid, programmes=lay_out(recordings, scenario.layout)
        )
        _settle(url)
        return execute(plan)

    return probe


def _settle(url: str) -> None:
    wait_ready(url)
    give_up = time.monotonic() + _SETTLE_S
    while time.monotonic() < give_up:
        sessions = (server_health(url) or {}).get("sessions") or {}
        if not sessions.get("active"):
            break
        time.sleep(0.5)
    time.sleep(_REST_S)


def _line(number: int, probe: Probe) -> str:
    parts = [
        f"{v.figure} {'–' if v.found is None else format(v.found, 'g')}"
        f"{'' if v.held else f' > {v.most:g}'}"
        for v in probe.verdicts
    ]
    state = "held  " if probe.held else "missed"
    return f"probe {number}: {probe.streams:3} streams {state}  {', '.join(parts)}"


def capacity_report(
    found: Found,
    scenario: Scenario,
    *,
    command: Sequence[str],
    label: str,
) -> dict[str, Any]:
    """Everything about a search but the single words."""
    first = found.probes[0].result if found.probes else None
    return {
        "schema": CAPACITY_SCHEMA,
        "label": label,
        "command": list(command),
        "scenario": asdict(scenario),
        "machine": machine(),
        "server": None if first is None else first.server,
        "targets": [asdict(target) for target in scenario.targets],
        "capacity": found.streams,
        "why": found.why,
        "probes": [
            {
                "streams": probe.streams,
                "held": probe.held,
                "verdicts": [asdict(verdict) for verdict in probe.verdicts],
                "summary": asdict(probe.result.summary),
                "harness": harness(probe.result),
                "split": cpu_split(probe.result),
                "uses": [asdict(use) for use in uses(probe.result.moments)],
            }
            for probe in found.probes
        ],
    }
