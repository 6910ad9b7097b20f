"""Reports as text: the figures of several runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from load.report import RUN_SCHEMA

Row = tuple[str, Callable[[dict[str, Any]], str]]


def table(reports: Sequence[dict[str, Any]]) -> str:
    """The figures of the reports, a column each."""
    runs = [report for report in reports if report["schema"] == RUN_SCHEMA]
    parts = [_grid(_run_rows(runs), runs)] if runs else []
    parts += [offline_table(report) for report in reports if report["schema"] != RUN_SCHEMA]
    return "\n\n".join(parts)


def offline_table(report: dict[str, Any]) -> str:
    """Pooled reference rates, one line for each decoding, language and set."""
    lines = [f"offline reference: {report['label']}"]
    lines.append(f"{'decoding':24}{'language':10}{'set':22}{'tokens':>8}{'errors %':>10}{'RTF':>8}")
    for row in report["summary"]:
        rate = "–" if row["rate"] is None else f"{row['rate'] * 100:.2f}"
        lines.append(
            f"{row['decoding']:24}{row['language']:10}{row['set']:22}{row['tokens']:>8}"
            f"{rate:>10}{row['real_time_factor']:>8.3f}"
        )
    return "\n".join(lines)


def _run_rows(runs: Sequence[dict[str, Any]]) -> list[Row]:
    rows: list[Row] = [
        ("sessions (failed)", lambda s: f"{s['sessions']} ({s['failed']})"),
        ("audio sent / lost, s", lambda s: f"{s['audio_s']:.1f} / {s['lost_s']:.1f}"),
        ("word first shown, s", lambda s: _spread(s["first_shown"])),
        ("word stable, s", lambda s: _spread(s["stable"])),
        ("word committed, s", lambda s: _spread(s["committed"])),
        ("word final, s", lambda s: _spread(s["final"])),
        ("words with latencies", lambda s: _percent(s["coverage"])),
        ("first text of a segment, s", lambda s: _spread(s["first_text"])),
    ]
    reasons = sorted({reason for run in runs for reason in run["summary"]["finalise"]})
    rows += [
        (f"final after last word ({reason}), s", partial(_finalise, reason)) for reason in reasons
    ]
    rows.append(("finals after end, s", lambda s: _spread(s["after_end"])))
    languages = sorted({rate["language"] for run in runs for rate in run["summary"]["rates"]})
    rows += [(f"error rate, {language}", partial(_rate_of, language)) for language in languages]
    rows += [
        ("erasure (of committed words)", _erasure),
        ("words invented (per hour)", _invented),
        ("suppressed", lambda s: _tally(s["suppressed"])),
        ("warnings", lambda s: _tally(s["warnings"])),
        ("failures", lambda s: _tally(s["failures"])),
        ("closes", lambda s: _tally(s["closes"])),
        ("breaches of the protocol", lambda s: _tally(s["breaches"])),
        ("server CPU s / audio s", lambda s: _cost(s, "cpu_s_per_audio_s", ".3f")),
        ("server RSS before / after / peak, MiB", _memory),
        ("own lateness, s", lambda s: _spread(s["lateness"])),
    ]
    return rows


def _grid(rows: Sequence[Row], runs: Sequence[dict[str, Any]]) -> str:
    cells = [["p50 / p95 / max where three", *[run["label"] for run in runs]]]
    cells += [[name, *[show(run["summary"]) for run in runs]] for name, show in rows]
    for language, decoding in _offline_keys(runs):
        cells.append(
            [
                f"offline {decoding}, {language}",
                *[_offline(run, language, decoding) for run in runs],
            ]
        )
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _offline_keys(runs: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted(
        {(lang, dec) for run in runs for lang, by in run.get("offline", {}).items() for dec in by}
    )


def _offline(run: dict[str, Any], language: str, decoding: str) -> str:
    found = run.get("offline", {}).get(language, {}).get(decoding)
    if found is None or found["ratio"] is None:
        return "–"
    return f"{found['rate'] * 100:.2f} % (streamed ÷ offline {found['ratio']:.3f})"


def _spread(spread: dict[str, float] | None) -> str:
    if spread is None:
        return "–"
    return f"{spread['p50']:.2f} / {spread['p95']:.2f} / {spread['maximum']:.2f}"


def _finalise(reason: str, summary: dict[str, Any]) -> str:
    return _spread(summary["finalise"].get(reason))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"


def _rate_of(language: str, summary: dict[str, Any]) -> str:
    for rate in summary["rates"]:
        if rate["language"] == language:
            count = rate["count"]
            edits = f"{count['substitutions']}s {count['deletions']}d {count['insertions']}i"
            return f"{_percent(rate['rate'])} ({edits} / {count['tokens']} {rate['unit']})"
    return "–"


def _erasure(summary: dict[str, Any]) -> str:
    value = summary["erasure_normalised"]
    return "–" if value is None else f"{value:.3f} ({summary['erasure']['committed_words']})"


def _invented(summary: dict[str, Any]) -> str:
    if summary["invented_per_hour"] is None:
        return "–"
    return f"{summary['invented_words']} ({summary['invented_per_hour']:.0f})"


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} ×{count}" for name, count in counts.items()) or "none"


def _cost(summary: dict[str, Any], field: str, form: str) -> str:
    return "–" if summary["cost"] is None else format(summary["cost"][field], form)


def _memory(summary: dict[str, Any]) -> str:
    fields = ("rss_before_mib", "rss_after_mib", "peak_rss_mib")
    return " / ".join(_cost(summary, field, ".0f") for field in fields)
