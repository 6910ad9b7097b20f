"""What each subcommand does with its arguments."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from load.arguments import scenario_of, with_targets
from load.capacity import ALWAYS, Bounds, capacity_report, find_capacity, prober
from load.curve import latency_curve
from load.files import write
from load.health import wait_ready
from load.pages import reports_page
from load.programmes import choose, lay_out, make_plan
from load.report import add_ratios, offline_report, read_report, run_report
from load.run import execute
from load.soak import Length, run_soak, soak_report
from load.table import table
from load.target import Verdict, judge


def run(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """One run; 1 where a session failed or a target was missed."""
    # Read first: a name that isn't there must not cost the minutes of a run.
    reference = None if arguments.offline is None else read_report(arguments.offline)
    scenario = scenario_of(arguments)
    plan = make_plan(scenario, arguments.url, server_pid=arguments.server_pid)
    wait_ready(arguments.url)
    result = execute(plan)
    verdicts = judge(scenario.targets, result.summary)
    label = (
        arguments.label or f"{scenario.layout.streams} × {scenario.name or scenario.layout.mode}"
    )
    report = run_report(
        result, command=command, label=label, scenario=asdict(scenario), verdicts=verdicts
    )
    if reference is not None:
        add_ratios(report, reference)
    _put_out([report], arguments)
    _say(verdicts)
    good = not result.summary.failed and all(verdict.held for verdict in verdicts)
    return 0 if good else 1


def capacity(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """The search; 1 where not even one stream holds."""
    scenario = with_targets(scenario_of(arguments), *ALWAYS)
    bounds = Bounds(
        start=arguments.start,
        most_streams=arguments.most_streams,
        minutes=arguments.most_minutes,
        probes=arguments.most_probes,
        repeats=arguments.repeats,
    )
    found = find_capacity(scenario, bounds, prober(arguments.url, arguments.server_pid))
    label = arguments.label or f"capacity: {scenario.name or scenario.layout.mode}"
    report = capacity_report(found, scenario, command=command, label=label)
    _put_out([report], arguments)
    return 0 if found.streams else 1


def soak(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """A soak; 1 where a session failed, lost its place, or a target was missed."""
    scenario = scenario_of(arguments)
    if scenario.layout.mode == "files":
        scenario = replace(scenario, layout=replace(scenario.layout, mode="continuous"))
    length = Length(arguments.minutes, arguments.lap)
    wait_ready(arguments.url)
    result = run_soak(scenario, length, arguments.url, server_pid=arguments.server_pid)
    verdicts = judge(scenario.targets, result.summary)
    label = arguments.label or f"soak: {scenario.layout.streams} × {arguments.minutes:g} min"
    report = soak_report(result, scenario, length, command=command, label=label, verdicts=verdicts)
    _put_out([report], arguments)
    _say(verdicts)
    exact = all(session["exact"] for session in report["sessions"])
    good = exact and not result.summary.failed and all(verdict.held for verdict in verdicts)
    return 0 if good else 1


def offline(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """The reference's error rates."""
    from load.offline import Decoding, WhisperTranscriber, decode_programmes

    scenario = scenario_of(arguments)
    layout = replace(scenario.layout, sample_rate=16000, encoding="pcm_s16le", channels=1)
    programmes = lay_out(choose(scenario.sources), layout)
    decodings = [Decoding(beam) for beam in arguments.beam]
    if arguments.without_previous:
        decodings += [Decoding(beam, condition_on_previous_text=False) for beam in arguments.beam]
    transcriber = WhisperTranscriber(
        arguments.model_dir,
        device=arguments.device,
        compute_type=arguments.compute_type,
        threads=arguments.threads,
    )
    texts = list(decode_programmes(transcriber, programmes, decodings))
    label = arguments.label or f"{arguments.model_dir.name}, {layout.mode}"
    _put_out([offline_report(texts, command=command, label=label)], arguments)
    return 0


def report(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """Reports written earlier, side by side."""
    reports = [read_report(path) for path in arguments.reports]
    references = [one for one in reports if "texts" in one]
    for one in reports:
        if "streams" in one and references:
            add_ratios(one, references[0])
    if arguments.curve is not None:
        write(arguments.curve, latency_curve(reports))
    _put_out(reports, arguments)
    return 0


def _put_out(reports: Sequence[dict[str, Any]], arguments: argparse.Namespace) -> None:
    path: Path | None = getattr(arguments, "json", None)
    write(path, json.dumps(reports[0], ensure_ascii=False, indent=1))
    if arguments.html is not None:
        write(arguments.html, reports_page(reports))
    print(table(reports))


def _say(verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        found = "not measured" if verdict.found is None else f"{verdict.found:g}"
        state = "held  " if verdict.held else "missed"
        print(f"target {state} {verdict.figure} ≤ {verdict.most:g}: {found}")
