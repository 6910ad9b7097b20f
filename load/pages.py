"""The HTML of reports: made from the JSON alone, so that an old report can be drawn again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from load import figures, html
from load.definitions import DEFINITIONS
from load.report import CAPACITY_SCHEMA, OFFLINE_SCHEMA, RUN_SCHEMA, SOAK_SCHEMA
from load.table import offline_cells, run_cells


def reports_page(reports: Sequence[dict[str, Any]]) -> str:
    """Any reports of the harness on one page: one in full, several side by side."""
    from load.capacity_page import capacity_sections
    from load.soak_page import soak_sections

    runs = [report for report in reports if report["schema"] == RUN_SCHEMA]
    parts = run_sections(runs) if runs else []
    for report in reports:
        if report["schema"] == CAPACITY_SCHEMA:
            parts += capacity_sections(report)
        elif report["schema"] == SOAK_SCHEMA:
            parts += soak_sections(report)
        elif report["schema"] == OFFLINE_SCHEMA:
            head, *rows = offline_cells(report)
            parts.append(html.section(f"Offline: {report['label']}", html.table(head, rows)))
    parts += background(reports)
    title = " · ".join(report["label"] for report in reports)
    return html.page(title, machine_line(reports[0]["machine"]), parts)


def run_sections(runs: Sequence[dict[str, Any]]) -> list[str]:
    """What there is to show of runs: verdicts, figures, plots and every session."""
    cells = run_cells(runs)
    limits = {one["figure"]: one["most"] for run in runs for one in run.get("targets", ())}
    plots = [
        figures.latency_shares(
            "Word first shown, share of words",
            [(run["label"], figures.word_latencies(run)) for run in runs],
        )
        if len(runs) > 1
        else figures.shares_of_run(runs[0])
    ]
    for run in runs:
        plots.append(figures.latency_over_time(run, limits.get("first_shown_p95_s")))
        plots.append(figures.cores_over_time(run.get("uses", ())))
        plots.append(figures.memory_over_time(run.get("uses", ())))
    plots.append(figures.cpu_bars((run["label"], run.get("split")) for run in runs))
    parts = [html.section("Targets", *(verdicts(run) for run in runs))]
    parts.append(html.section("Figures", html.table(cells[0], cells[1:])))
    parts.append(html.section("Plots", html.figures(*plots)))
    parts.append(html.section("CPU", *(cpu_words(run) for run in runs)))
    for run in runs:
        if "storm" in run:
            parts.append(html.section("Storm of handshakes", storm_table(run["storm"])))
    for run in runs:
        parts.append(html.section(f"Sessions: {run['label']}", session_table(run)))
    return parts


def verdicts(report: dict[str, Any]) -> str:
    """Every target with what was measured."""
    rows = [
        (
            one["figure"],
            f"{one['most']:g}",
            "not measured" if one["found"] is None else f"{one['found']:g}",
            html.Marked("held", "held") if one["held"] else html.Marked("missed", "missed"),
        )
        for one in report.get("targets", ())
    ]
    return html.table(("target", "at most", "found", ""), rows)


def session_table(report: dict[str, Any]) -> str:
    """A line for each session."""
    rows = []
    for stream in report["streams"]:
        shown = sorted(word["first_shown_s"] for word in stream["words"])
        errors = stream["errors"]
        edits = errors["substitutions"] + errors["deletions"] + errors["insertions"]
        late = stream.get("latest_s")
        failure = stream["failure"]
        rows.append(
            (
                stream["name"] + (" (slow)" if stream.get("slow") else ""),
                f"{stream['sent_s']:.1f}",
                f"{stream['lost_s']:.1f}",
                str(len(shown)),
                _quantile(shown, 0.5),
                _quantile(shown, 0.95),
                f"{edits} / {errors['tokens']}",
                "–" if late is None else f"{late * 1000:.0f}",
                str(stream["close_code"] or "–"),
                html.Marked("ok", "held")
                if stream["ok"]
                else html.Marked(
                    failure["code"] if failure else "; ".join(stream["breaches"][:3]) or "not ok",
                    "missed",
                ),
            )
        )
    head = (
        "session", "sent, s", "lost, s", "words timed", "shown p50, s", "p95, s", "errors",
        "latest chunk, ms", "close", "",
    )  # fmt: skip
    return html.table(head, rows)


def storm_table(storm: dict[str, Any]) -> str:
    """What became of the storm, and of those who ran meanwhile."""
    rows = [
        ("connections", str(storm["attempted"])),
        ("accepted", f"{storm['accepted']}{_after(storm['accept_s'])}"),
        ("refused politely", f"{storm['refused']}{_after(storm['refuse_s'])}"),
        ("failed", str(storm["failed"])),
        ("codes", ", ".join(f"{k} ×{n}" for k, n in storm["codes"].items()) or "none"),
    ]
    rows += [
        (f"running streams, word first shown {name}", _spread(spread))
        for name, spread in storm["running"].items()
    ]
    return html.table(("", ""), rows)


def cpu_words(report: dict[str, Any]) -> str:
    """The CPU split in words and numbers, or why there is none."""
    split = report.get("split")
    own = report.get("harness")
    parts = []
    if own is not None and own["cores"] is not None:
        parts.append(
            f"{report['label']}: the harness itself used {own['cpu_s']:.2f} CPU s in "
            f"{own['wall_s']:.0f} s ({own['cores'] * 100:.1f} % of a core)."
        )
    if split is None:
        parts.append("The server gave no stage seconds at /metrics: no split.")
        return "".join(html.paragraph(part) for part in parts)
    rows = [(name, f"{spent:.4f}") for name, spent in split["stages"].items()]
    rows += [("rest", f"{split['rest']:.4f}"), ("whole process", f"{split['total']:.4f}")]
    if split["rest"] < 0:
        parts.append(
            "The stages' wall time is more than the process's CPU time: they waited for cores that "
            "others used, so there is no telling what the rest took."
        )
    said = "".join(html.paragraph(part) for part in parts)
    return said + html.table(("stage", "s for 1 s of audio"), rows)


def background(reports: Sequence[dict[str, Any]]) -> list[str]:
    """Commands, machine, server and definitions: what a reader needs to judge or repeat it."""
    parts = []
    commands = [shlex.join(report["command"]) for report in reports]
    parts.append(html.section("Command", html.preformatted("\n".join(commands))))
    for report in reports:
        if report.get("scenario"):
            parts.append(html.section("Scenario", html.preformatted(_scenario(report["scenario"]))))
            break
    machine = "".join(
        html.paragraph(said)
        for said in dict.fromkeys(machine_line(report["machine"]) for report in reports)
    )
    parts.append(html.section("Machine", machine))
    server = next((report["server"] for report in reports if report.get("server")), None)
    if server is not None:
        said = json.dumps(server, indent=1, ensure_ascii=False)
        parts.append(html.section("Server, by its /health before the run", html.preformatted(said)))
    parts.append(html.section("Definitions", html.definitions(DEFINITIONS)))
    return parts


def machine_line(machine: dict[str, Any]) -> str:
    """A machine in one line."""
    memory = machine.get("memory_mib")
    said = f"{machine['cpus']} cores of {machine['cpu'] or 'an unnamed CPU'}"
    if memory:
        said += f", {memory / 1024:.0f} GiB"
    return f"{said}, {machine['system']}, Python {machine['python']}"


def _scenario(scenario: dict[str, Any]) -> str:
    """Every value that is there, a line a section."""
    lines = []
    for section, values in scenario.items():
        said = values
        if isinstance(values, dict):
            known = {key: value for key, value in values.items() if value not in (None, [], ())}
            said = ", ".join(
                f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in known.items()
            )
        elif isinstance(values, list | tuple):
            said = ", ".join(f"{one['figure']} ≤ {one['most']:g}" for one in values)
        lines.append(f"{section}: {said}")
    return "\n".join(lines)


def _quantile(ordered: Sequence[float], share: float) -> str:
    return f"{ordered[round(share * (len(ordered) - 1))]:.2f}" if ordered else "–"


def _spread(spread: dict[str, float] | None) -> str:
    if spread is None:
        return "–"
    return f"p50 {spread['p50']:.2f} s, p95 {spread['p95']:.2f} s ({spread['count']:.0f} words)"


def _after(spread: dict[str, float] | None) -> str:
    return "" if spread is None else f" (p50 {spread['p50']:.2f} s, p95 {spread['p95']:.2f} s)"
