"""The findings on a terminal, as plain lines, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streaming import __version__
from streaming.cli.doctor import batch
from streaming.cli.doctor.finding import Finding, State

_SHARED = 0.85  # of the time a decoding thread has the processor when it has it to itself
_MARKS = {State.OK: ("✓", "green"), State.NOTE: ("•", "yellow"), State.PROBLEM: ("✗", "bold red")}


@dataclass(slots=True)
class Report:
    """All that was found; ``skipped`` says why no batch was timed.

    ``on_cpu`` tells that the batches ran on this process' own cores.
    """

    findings: list[Finding] = field(default_factory=list)
    timings: Sequence[batch.Timing] = ()
    expected: batch.Estimate | None = None
    skipped: str | None = None
    on_cpu: bool = False

    @property
    def problems(self) -> list[Finding]:
        """What keeps the server from working as it is set up."""
        return [found for found in self.findings if found.state is State.PROBLEM]


def as_json(report: Report) -> str:
    """Return one JSON document."""
    document = {
        "ok": not report.problems,
        "version": __version__,
        "findings": [
            {
                "topic": found.topic,
                "name": found.name,
                "state": found.state.value,
                "says": found.says,
                "advice": found.advice,
                "figures": dict(found.figures),
            }
            for found in report.findings
        ],
        "timing": batch.figures(report.timings, report.expected) if report.timings else None,
        "timing_skipped": report.skipped,
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def show_finding(console: Console, found: Finding, *, heading: bool) -> None:
    """Print one finding, under its topic where a new one begins."""
    if heading:
        console.print(Text(found.topic, style="bold"))
    mark, style = _MARKS[found.state]
    row = Table.grid(padding=(0, 1))
    row.add_column(width=3, justify="right", no_wrap=True)
    row.add_column(width=16, no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(Text(mark, style=style), Text(found.name), Text(found.says))
    if found.advice:
        row.add_row("", "", Text(f"→ {found.advice}", style=style))
    console.print(row)


def show_timing(console: Console, report: Report) -> None:
    """Print what a batch takes, and what that may mean."""
    console.print(Text("one batch", style="bold"))
    for found in (found for found in report.findings if found.topic == "one batch"):
        show_finding(console, found, heading=False)
    if report.skipped is not None:
        console.print(Text(f"  • not timed: {report.skipped}"))
        return
    heads, *rows = batch.lines(report.timings)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("", width=1)
    for number, head in enumerate(heads):
        table.add_column(head, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row("", *row)
    console.print(table)
    bullets = Table.grid(padding=(0, 1))
    bullets.add_column(width=3, justify="right")
    bullets.add_column(overflow="fold")
    for line in explain(report):
        bullets.add_row("•", line)
    console.print(bullets)


def explain(report: Report) -> Iterator[str]:
    """Say what the figures mean, and what they don't."""
    share = batch.cpu_share(report.timings)
    if report.on_cpu and share < _SHARED:
        yield (
            f"other programs took {100 * (1 - share):.0f} % of the time: on an idle machine all of "
            "this is faster; the estimate leaves their time out"
        )
    expected = report.expected
    if expected is None:
        yield "too little was timed for an estimate of how many sessions that is"
        return
    workers = f"{expected.workers} worker{'' if expected.workers == 1 else 's'}"
    if expected.stretched < 1:
        yield (
            "an estimate from single batches: not one session of continuous speech keeps up with "
            f"{workers}; choose a smaller model"
        )
        return
    yield (
        f"an estimate from single batches: {expected.prompt} sessions of continuous speech at a "
        f"time with {workers}, {expected.stretched} with partials half as often"
    )
    yield "noise was decoded, and little of it; `python -m load capacity` measures with speech"


def show_sum(console: Console, report: Report) -> None:
    """Print how it is, in one line."""
    count = len(report.problems)
    if not count:
        console.print(Text("no problems", style="green"))
        return
    names = ", ".join(found.name for found in report.problems)
    console.print(Text(f"{count} problem{'' if count == 1 else 's'}: {names}", style="bold red"))
