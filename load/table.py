"""Reports as text: the figures of several runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from load.report import CAPACITY_SCHEMA, OFFLINE_SCHEMA, RUN_SCHEMA, SOAK_SCHEMA

Row = tuple[str, Callable[[dict[str, Any]], str]]


def table(reports: Sequence[dict[str, Any]]) -> str:
    """The figures of the reports, a column each; what isn't a run below."""
    runs = [report for report in reports if report["schema"] in (RUN_SCHEMA, SOAK_SCHEMA)]
    parts = [_grid(run_cells(runs))] if runs else []
    for report in reports:
        if report["schema"] == OFFLINE_SCHEMA:
            parts.append(f"offline reference: {report['label']}\n{_grid(offline_cells(report))}")
        elif report["schema"] == CAPACITY_SCHEMA:
            parts.append(f"{report['label']}: {report['capacity']} streams ({report['why']})")
        elif report["schema"] == SOAK_SCHEMA:
            parts.append(_soak(report))
    return "\n\n".join(parts)


def _soak(report: dict[str, Any]) -> str:
    exact = sum(session["exact"] for session in report["sessions"])
    lines = [f"{report['label']}: positions exact in {exact} of {len(report['sessions'])} sessions"]
    for name, value in report["slopes_per_hour"].items():
        lines.append(f"  {name} an hour: {'–' if value is None else format(value, '+.4f')}")
    lines += [
        f"  {session['name']}: {session['failure']['code']}: {session['failure']['message']}"
        for session in report["sessions"]
        if session["failure"] is not None
    ]
    return "\n".join(lines)


def offline_cells(report: dict[str, Any]) -> list[list[str]]:
    """Pooled reference rates, a row for each decoding, language and set."""
    cells = [["decoding", "language", "set", "tokens", "errors %", "RTF"]]
    for row in report["summary"]:
        rate = "–" if row["rate"] is None else f"{row['rate'] * 100:.2f}"
        cells.append(
            [
                row["decoding"],
                row["language"],
                row["set"],
                str(row["tokens"]),
                rate,
                f"{row['real_time_factor']:.3f}",
            ]
        )
    return cells


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
    rows.append(("ends by silence within an utterance", _inside))
    rows.append(("finals after end, s", lambda s: _spread(s["after_end"])))
    if any(run["summary"].get("after_finalize") for run in runs):
        rows.append(("finals after finalize, s", lambda s: _spread(s.get("after_finalize"))))
        rows.append(("finalized after finalize, s", lambda s: _spread(s.get("finalized"))))
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
        ("from handshake to started, s", lambda s: _spread(s.get("connected"))),
        ("most audio the server left unread, s", lambda s: f"{s.get('most_unsent_s', 0.0):.1f}"),
        ("server CPU s / audio s", lambda s: _cost(s, "cpu_s_per_audio_s", ".3f")),
        ("server RSS before / after / peak, MiB", _memory),
        ("own lateness, s", lambda s: _spread(s["lateness"])),
    ]
    if any(run["summary"].get("slow") for run in runs):
        rows.append(("slow readers", _slow))
    return rows


def run_cells(runs: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The figures of runs, a row each, the labels on top."""
    cells = [["p50 / p95 / max where three", *[run["label"] for run in runs]]]
    cells += [[name, *[show(run["summary"]) for run in runs]] for name, show in _run_rows(runs)]
    if any(run.get("split") for run in runs):
        cells.append(["of it in stages, s / audio s", *[_split(run.get("split")) for run in runs]])
    if any(run.get("harness") for run in runs):
        cells.append(["harness, % of a core", *[_own(run.get("harness")) for run in runs]])
    if any(run.get("storm") for run in runs):
        cells.append(["storm", *[_storm(run.get("storm")) for run in runs]])
    for language, decoding in _offline_keys(runs):
        cells.append(
            [
                f"offline {decoding}, {language}",
                *[_offline(run, language, decoding) for run in runs],
            ]
        )
    return cells


def _grid(cells: Sequence[Sequence[str]]) -> str:
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


def _inside(summary: dict[str, Any]) -> str:
    ends = summary.get("after_speech")
    return "–" if ends is None else f"{summary.get('inside', 0)} of {ends['count']}"


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


def _slow(summary: dict[str, Any]) -> str:
    slow = summary.get("slow")
    if slow is None:
        return "–"
    others = f", {_tally(slow['outcomes'])}" if slow["outcomes"] else ""
    return f"{slow['sessions']}: {slow['ended']} ended in good order{others}"


def _split(split: dict[str, Any] | None) -> str:
    if split is None:
        return "– (none at /metrics)"
    parts = [f"{name} {spent:.3f}" for name, spent in split["stages"].items()]
    return ", ".join([*parts, f"rest {split['rest']:.3f}"])


def _own(harness: dict[str, Any] | None) -> str:
    if harness is None or harness["cores"] is None:
        return "–"
    return f"{harness['cores'] * 100:.1f}"


def _storm(storm: dict[str, Any] | None) -> str:
    if storm is None:
        return "–"
    said = ", ".join(f"{storm[name]} {name}" for name in ("accepted", "refused", "failed"))
    return f"{storm['attempted']}: {said}"


def _memory(summary: dict[str, Any]) -> str:
    fields = ("rss_before_mib", "rss_after_mib", "peak_rss_mib")
    return " / ".join(_cost(summary, field, ".0f") for field in fields)
