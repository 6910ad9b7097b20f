"""The comparison as a page: plots over the number of streams, tables, and how it was made."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from load import html
from load.axis import linear
from load.figures import latency_shares
from load.pages import machine_line
from load.peers.table import cells_of, plural, title_of, troubles_of
from load.plot import Series, line_plot

_DEFINITIONS = (
    (
        "Word first shown",
        "From the moment at which a word had been spoken, by the timetable, to its first "
        "appearance anywhere on the screen.",
    ),
    ("Word stable", "To the last appearance, after which it stayed."),
    ("Word promised to stay", "To the first text said to stay that holds it."),
    (
        "Word called final",
        "To the first text called final that holds it, where the protocol has such texts.",
    ),
    (
        "Words lost in gaps",
        "Reference words in runs of five or more without any word of the last text beside them.",
    ),
    ("Erasure", "Words taken back for each word of the last text."),
    (
        "Text complete after the end",
        "From the end of the audio to the last change of a session's text.",
    ),
    (
        "CPU s / audio s",
        "CPU time of the server's process and its children, from the first chunk to its last new "
        "text, over the audio of all sessions.",
    ),
)


def compare_page(report: dict[str, Any]) -> str:
    """The whole page, from the JSON alone."""
    many = list(dict.fromkeys(cell["streams"] for cell in report["cells"]))
    sections = [
        html.section(
            "Over the number of streams",
            html.figures(
                _over_streams(
                    report, "Word first shown, p50", "seconds", _of("first_shown", "p50")
                ),
                _over_streams(
                    report, "Word first shown, p95", "seconds", _of("first_shown", "p95")
                ),
                _over_streams(report, "Word error rate", "%", _error_percent),
                _over_streams(report, "CPU", "CPU s / audio s", _plain("cpu_s_per_audio_s")),
            ),
        ),
        html.section(
            "Words over time since they were spoken",
            html.figures(*(_shares(report, streams) for streams in many)),
            html.paragraph(
                "Words that were recognised at all; the share of all is in the tables.", faint=True
            ),
        ),
    ]
    for streams in many:
        head, *rows = cells_of(report, streams)
        sections.append(
            html.section(
                plural(streams, "stream"),
                html.table(head, rows),
                *(html.paragraph(trouble) for trouble in troubles_of(report, streams)),
            )
        )
    servers = [
        (
            title_of(one),
            ", ".join(f"{name} {version}" for name, version in one["versions"].items()),
            one["settings"] + "".join(f" {argument}" for argument in one["extra"]),
            "yes" if one["tells_final"] else "no",
        )
        for one in report["contenders"]
    ]
    names = ("server", "versions", "settings", "calls text final")
    load = ", ".join(f"{value:g}" for value in report["machine"]["load_average"])
    sections += [
        html.section("Servers", html.table(names, servers)),
        html.section("Command", html.preformatted(shlex.join(report["command"]))),
        html.section(
            "Machine",
            html.paragraph(machine_line(report["machine"])),
            html.paragraph(f"Load averages at the end: {load}"),
        ),
        html.section("Definitions", html.definitions(_DEFINITIONS)),
    ]
    title = report["label"] or "Streaming servers side by side"
    said = f"{report['date']}, model {report['model']}, {plural(report['rounds'], 'round')}"
    return html.page(title, said, sections)


Value = Callable[[dict[str, Any]], float | None]


def _of(figure: str, quantile: str) -> Value:
    def value(figures: dict[str, Any]) -> float | None:
        spread = figures[figure]
        return None if spread is None else spread[quantile]

    return value


def _plain(figure: str) -> Value:
    def value(figures: dict[str, Any]) -> float | None:
        found: float | None = figures[figure]
        return found

    return value


def _error_percent(figures: dict[str, Any]) -> float | None:
    rate = figures["error_rate"]
    return None if rate is None else rate * 100


def _over_streams(report: dict[str, Any], title: str, unit: str, value: Value) -> str:
    series = []
    for one in report["contenders"]:
        points = [
            (float(cell["streams"]), found)
            for cell in report["cells"]
            if cell["contender"] == one["name"] and cell["figures"] is not None
            if (found := value(cell["figures"])) is not None
        ]
        if points:
            series.append(Series(one["label"], tuple(sorted(points)), marks=True))
    if not series:
        return ""
    most = max(at for each in series for at, _ in each.points)
    highest = [found for each in series for _, found in each.points]
    return line_plot(title, linear("streams", [0.0, most]), linear(unit, [0.0, *highest]), series)


def _shares(report: dict[str, Any], streams: int) -> str:
    labels = {one["name"]: one["label"] for one in report["contenders"]}
    named = [
        (
            labels[cell["contender"]],
            [word["first_shown_s"] for session in cell["sessions"] for word in session["words"]],
        )
        for cell in report["cells"]
        if cell["streams"] == streams
    ]
    return latency_shares(f"Word first shown, {plural(streams, 'stream')}, share of words", named)
