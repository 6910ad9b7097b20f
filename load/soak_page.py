"""A soak's part of a page: what grew, by the minute, and every session."""

from __future__ import annotations

from typing import Any

from load import figures, html
from load.timeline import Bin

_NAMES = {
    "first_shown_p50_s": ("word first shown, p50", "s"),
    "first_shown_p95_s": ("word first shown, p95", "s"),
    "final_p50_s": ("final after last word, p50", "s"),
    "final_p95_s": ("final after last word, p95", "s"),
    "rss_mib": ("resident memory of the server", "MiB"),
    "held_mib": ("the least of it in each two minutes", "MiB"),
    "held_mib_per_session": ("the same for each session", "MiB"),
}


def soak_sections(report: dict[str, Any]) -> list[str]:
    """What there is to show of a soak."""
    from load.pages import cpu_words, verdicts

    sessions = report["sessions"]
    failed = [one for one in sessions if not one["ok"]]
    inexact = [one for one in sessions if not one["exact"]]
    said = [
        f"{len(sessions)} sessions over {report['minutes']:g} minutes, {len(failed)} failed; "
        f"{len(sessions) - len(inexact)} counted exactly the audio that was sent."
    ]
    slopes = [
        (name, "–" if value is None else f"{value:+.4f} {unit} an hour")
        for key, value in report["slopes_per_hour"].items()
        for name, unit in [_NAMES[key]]
    ]
    uses = report["uses"]
    plots = [
        figures.plot_bins(
            "Word first shown, by the minute", _bins(report["first_shown_by_minute"]), 60, "min"
        ),
        figures.plot_bins(
            "Final after last word, by the minute", _bins(report["final_by_minute"]), 60, "min"
        ),
        figures.memory_over_time(uses, 60, "min"),
        figures.cores_over_time(uses, 60, "min"),
        figures.cpu_bars([(report["label"], report["split"])]),
    ]
    return [
        html.section("Soak", *(html.paragraph(one) for one in said)),
        html.section("Targets", verdicts(report)),
        html.section("Growth", html.table(("figure", "slope"), slopes)),
        html.section("Plots", html.figures(*plots)),
        html.section("CPU", cpu_words(report)),
        html.section("Sessions", _sessions(sessions)),
    ]


def _sessions(sessions: list[dict[str, Any]]) -> str:
    rows = []
    for one in sessions:
        counted = one["counted_ms"]
        late = one["latest_s"]
        failure = one["failure"]
        wrong = failure["code"] if failure else "; ".join(one["breaches"][:3]) or "not ok"
        rows.append(
            (
                one["name"],
                f"{one['begin_s'] / 60:.1f}",
                f"{one['sent_ms']:.1f}",
                "–" if counted is None else str(counted),
                html.Marked("exact", "held") if one["exact"] else html.Marked("no", "missed"),
                str(one["finals"]),
                str(one["words"]),
                "–" if late is None else f"{late * 1000:.0f}",
                html.Marked("ok", "held") if one["ok"] else html.Marked(wrong, "missed"),
            )
        )
    head = (
        "session", "from minute", "sent, ms", "counted, ms", "position", "finals", "words timed",
        "latest chunk, ms", "",
    )  # fmt: skip
    return html.table(head, rows)


def _bins(given: list[dict[str, Any]]) -> list[Bin]:
    return [Bin(**one) for one in given]
