"""The comparison as text: a block for each number of streams, a column for each server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = tuple[str, Callable[[dict[str, Any]], str]]

_CHIEF = (
    "word first shown, s",
    "word promised to stay, s",
    "text complete after the end, s",
    "word error rate",
    "words lost in gaps of 5 or more",
    "CPU s / audio s",
    "RSS before / peak, MiB",
)


def rows() -> list[Row]:
    """The figures shown, in order; latencies in seconds, p50 / p95."""
    return [
        ("sessions (failed)", lambda f: f"{f['sessions']} ({_failed(f)})"),
        ("word first shown, s", lambda f: _pair(f["first_shown"])),
        ("word stable, s", lambda f: _pair(f["stable"])),
        ("word promised to stay, s", lambda f: _pair(f["promised"])),
        ("word called final, s", lambda f: _pair(f["final"])),
        ("text complete after the end, s", lambda f: _pair(f["text_complete"])),
        ("word error rate", _errors),
        ("words lost in gaps of 5 or more", _lost),
        ("words with latencies", lambda f: _percent(f["coverage"])),
        ("erasure (of promised words)", _erasure),
        ("CPU s / audio s", lambda f: _number(f["cpu_s_per_audio_s"], ".2f")),
        ("RSS before / peak, MiB", _memory),
        ("own lateness, s", lambda f: _pair(f["lateness"])),
    ]


def cells_of(report: dict[str, Any], streams: int) -> list[list[str]]:
    """Head and rows for one number of streams, a column for each server."""
    names = [one["name"] for one in report["contenders"]]
    cells = {c["contender"]: c for c in report["cells"] if c["streams"] == streams}
    head = [f"{plural(streams, 'stream')}, p50 / p95", *map(title_of, report["contenders"])]
    return [
        head,
        *([title, *[_cell(cells[name], show) for name in names]] for title, show in rows()),
    ]


def compare_table(report: dict[str, Any]) -> str:
    """The whole report as text."""
    blocks = []
    for streams in dict.fromkeys(cell["streams"] for cell in report["cells"]):
        troubles = (f"\n{trouble}" for trouble in troubles_of(report, streams))
        blocks.append(_grid(cells_of(report, streams)) + "".join(troubles))
    return "\n\n".join(blocks)


def compare_markdown(report: dict[str, Any]) -> str:
    """The chief figures as a table for a document, a line for each server and number of streams."""
    labels = {one["name"]: title_of(one) for one in report["contenders"]}
    chief = [row for row in rows() if row[0] in _CHIEF]
    lines = [["streams", "server", *[title for title, _ in chief], "failed"]]
    lines.append(["---"] * len(lines[0]))
    for cell in report["cells"]:
        figures = cell["figures"]
        shown = [_cell(cell, show) for _, show in chief]
        failed = "; ".join(cell["failures"]) if figures is None else _failed(figures)
        lines.append([str(cell["streams"]), labels[cell["contender"]], *shown, failed])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plural(count: int, noun: str) -> str:
    """A number of things."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def troubles_of(report: dict[str, Any], streams: int) -> list[str]:
    """What kept servers from being measured, in sentences."""
    labels = {one["name"]: title_of(one) for one in report["contenders"]}
    said = []
    for cell in report["cells"]:
        if cell["streams"] == streams:
            label = labels[cell["contender"]]
            said += [f"{label}: {failure}" for failure in cell["failures"]]
            said += [f"{label}, warming up: {failure}" for failure in cell["warm_up_failures"]]
    return said


def title_of(contender: dict[str, Any]) -> str:
    """A server with its version."""
    own = next(iter(contender["versions"].values()), "")
    return f"{contender['label']} {own}".strip()


def _cell(cell: dict[str, Any], show: Callable[[dict[str, Any]], str]) -> str:
    return "–" if cell["figures"] is None else show(cell["figures"])


def _grid(lines: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _failed(figures: dict[str, Any]) -> str:
    causes = ", ".join(f"{code} ×{count}" for code, count in figures["failures"].items())
    return causes or "0"


def _pair(spread: dict[str, float] | None) -> str:
    return "–" if spread is None else f"{spread['p50']:.2f} / {spread['p95']:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _errors(figures: dict[str, Any]) -> str:
    count = figures["errors"]
    edits = f"{count['substitutions']}s {count['deletions']}d {count['insertions']}i"
    return f"{_percent(figures['error_rate'])} ({edits} / {count['tokens']})"


def _lost(figures: dict[str, Any]) -> str:
    return f"{figures['lost_words']} of {figures['reference_words']}"


def _erasure(figures: dict[str, Any]) -> str:
    return f"{_number(figures['erasure'], '.2f')} ({figures['promised_taken_back']})"


def _memory(figures: dict[str, Any]) -> str:
    fields = ("rss_before_mib", "peak_rss_mib")
    return " / ".join(_number(figures[field], ".0f") for field in fields)
