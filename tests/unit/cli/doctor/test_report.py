"""The report: for people, and for programs."""

from __future__ import annotations

import io
import json

from rich.console import Console

from streaming.cli.doctor import report
from streaming.cli.doctor.batch import Estimate, Timing
from streaming.cli.doctor.finding import Finding, State
from streaming.cli.doctor.report import Report

GOOD = Finding("machine", "CPU", State.OK, "Xeon: 2 cores", figures={"cores": 2})
NOTE = Finding("GPU", "GPU", State.NOTE, "none that CUDA sees")
BAD = Finding("GPU", "cuBLAS", State.PROBLEM, "cuBLAS 12 is not installed", "install it")
TIMING = Timing("partial", 4.0, False, 4, 10.0, 60.0, 2.0, 1.0, 100.0, 98.0)
EXPECTED = Estimate(9, 16, 2, 25.0, 100.0)


def shown(it: Report, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    topic = None
    for found in it.findings:
        report.show_finding(console, found, heading=found.topic != topic)
        topic = found.topic
    report.show_timing(console, it)
    report.show_sum(console, it)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_findings_stand_under_their_topics_with_what_to_do() -> None:
    lines = [" ".join(line.split()) for line in shown(Report([GOOD, NOTE, BAD])).splitlines()]
    assert lines[:6] == [
        "machine",
        "✓ CPU Xeon: 2 cores",
        "GPU",
        "• GPU none that CUDA sees",
        "✗ cuBLAS cuBLAS 12 is not installed",
        "→ install it",
    ]
    assert lines[-1] == "1 problem: cuBLAS"


def test_without_problems_it_says_so() -> None:
    assert shown(Report([GOOD, NOTE])).endswith("no problems\n")


def test_nothing_is_cut_off_on_a_narrow_terminal() -> None:
    long = Finding("GPU", "memory", State.PROBLEM, "word " * 40, "do " * 40)
    text = shown(Report([long], [TIMING], EXPECTED), width=80)
    assert text.count("word") == 40
    assert text.count("do ") + text.count("do\n") >= 40
    assert "…" not in text


def test_the_estimate_is_called_one() -> None:
    text = shown(Report([GOOD], [TIMING], EXPECTED))
    assert "an estimate from single batches: 9 sessions" in text
    assert "python -m load capacity" in text
    assert "other programs" not in text


def told(it: Report) -> str:
    return " ".join(shown(it).split())


def test_a_machine_that_is_busy_is_said() -> None:
    busy = Timing("partial", 4.0, False, 4, 10.0, 60.0, 2.0, 1.0, 100.0, 40.0)
    assert "other programs took 60 %" in told(Report([], [busy], EXPECTED, on_cpu=True))
    assert "other programs" not in told(Report([], [busy], EXPECTED))  # a GPU leaves the CPU idle


def test_too_slow_for_anyone_and_too_little_to_tell() -> None:
    assert "not one session" in told(Report([], [TIMING], Estimate(0, 0, 1, 900.0, 9_000.0)))
    assert "too little was timed" in told(Report([], [TIMING], None))
    assert "not timed: not asked for" in told(Report([], skipped="not asked for"))


def test_json_says_the_same() -> None:
    told = json.loads(report.as_json(Report([GOOD, BAD], [TIMING], EXPECTED)))
    assert told["ok"] is False
    assert told["findings"][0]["figures"] == {"cores": 2}
    assert told["findings"][1]["advice"] == "install it"
    assert told["timing"]["batches"][0]["encoder_ms"] == 60.0
    assert told["timing"]["estimate"]["prompt"] == 9
    nothing = json.loads(report.as_json(Report([GOOD], skipped="not asked for")))
    assert (nothing["ok"], nothing["timing"]) == (True, None)
    assert nothing["timing_skipped"] == "not asked for"
