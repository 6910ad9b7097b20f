from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from load.metrics import Stages
from load.pages import reports_page
from load.process import Usage
from load.programme import Programme, Utterance
from load.report import run_report
from load.run import Result
from load.sampler import Moment
from load.scenario import Scenario
from load.score import StreamScore, score
from load.sections import Storm
from load.soak import Length, slopes, soak_report
from load.storm import Knock, sum_up
from load.summary import summarise
from load.table import table
from load.target import Verdict
from load.trace import Failure, Heard, Trace
from load.wire import WireFormat
from streaming.client import Ended, Final, Partial, Word

MINUTES = 12


def one_score(name: str, begin_s: float, *, late_s: float = 0.4) -> StreamScore:
    """A word every ten seconds; each later by a hundredth of a second a minute."""
    said = []
    heard = []
    for number in range(MINUTES * 6):
        end = number * 10 + 1.0
        late = late_s + 0.01 * end / 60
        word = f"word{number}"
        said.append(Utterance("f", "s", 0, end - 1, end, word, (word,), (end,)))
        ms = round(end * 1000)
        heard.append(Heard(end + late, Partial(number, 1, 0, ms - 900, ms, word, "", word, "en")))
        timed = (Word(word, ms - 500, ms, 0.9),)
        final = Final(number, 0, ms - 900, ms, word, 0.9, "en", 1.0, "silence", timed)
        heard.append(Heard(end + late + 0.5, final))
    length = MINUTES * 60
    heard.append(Heard(length + 1.0, Ended(length * 1000, MINUTES * 6, MINUTES * 6)))
    samples = np.zeros((1, length * 100), np.float32)
    programme = Programme(name, WireFormat(sample_rate=100), samples, tuple(said), "en")
    trace = Trace(
        heard=tuple(heard),
        sent_bytes=length * 200,
        sent_s=float(length),
        end_sent_at_s=float(length),
        lateness_s=(0.0, 0.002),
        close_code=1000,
        begin_s=50.0 + begin_s,
    )
    return score(programme, trace, first_s=50.0)


def a_result(*scores: StreamScore) -> Result:
    before = Usage(10.0, 100.0, 100.0, 4)
    moments = tuple(
        Moment(float(at), 10.0 + at * 0.5, 100.0 + 6.0 * at / 3600, 1.0 + at * 0.01)
        for at in range(0, MINUTES * 60 + 1, 30)
    )
    stages = Stages({"encoder": 100.0, "vad": 20.0}, None)
    return Result(
        server={"status": "ok", "model": "made & <up>"},
        scores=scores,
        summary=summarise(scores, before, replace(before, cpu_s=370.0)),
        harness_cpu_s=7.2,
        wall_s=720.0,
        moments=moments,
        stages=stages,
    )


@pytest.fixture
def result() -> Result:
    return a_result(one_score("stream-0", 0.0), one_score("stream-1", 0.5))


def figures_in(page: str) -> list[str]:
    """The captions of the page's plots, each of them well-formed."""
    parts = page.split("<figure>")[1:]
    plots = ["<figure>" + part.split("</figure>")[0] + "</figure>" for part in parts]
    parsed = [ElementTree.fromstring(plot) for plot in plots]  # noqa: S314 - our own markup
    return [next(iter(plot)).text or "" for plot in parsed]


def through_json(report: dict[str, Any]) -> dict[str, Any]:
    again: dict[str, Any] = json.loads(json.dumps(report))
    return again


def test_a_run_is_shown_with_everything_needed_to_judge_it(result: Result) -> None:
    verdicts = [Verdict("first_shown_p95_s", 0.45, 0.5, False), Verdict("failed", 0.0, 0.0, True)]
    report = through_json(
        run_report(result, command=["python", "x y"], label="made", verdicts=verdicts)
    )
    page = reports_page([report])
    assert figures_in(page) == [
        "Word latency, share of words",
        "Word first shown over the run, by 30 s",
        "CPU",
        "Memory of the server",
        "CPU by stage",
    ]
    for said in (
        '<span class="missed">missed</span>',
        "stream-1",
        "made &amp; &lt;up&gt;",
        "python &#x27;x y&#x27;",
        "7.20 CPU s in 720 s (1.0 % of a core)",
        "Definitions",
        "target p95",
    ):
        assert said in page
    # 360 CPU s over 1440 s of audio, of which 120 are in stages.
    assert report["split"]["total"] == 0.25
    assert report["split"]["rest"] == pytest.approx(0.25 - 120 / 1440, abs=1e-4)
    assert "rest 0.167" in table([report])


def test_runs_stand_side_by_side(result: Result) -> None:
    reports = [run_report(result, command=[], label=label) for label in ("one", "two")]
    page = reports_page([through_json(report) for report in reports])
    assert figures_in(page)[0] == "Word first shown, share of words"
    assert page.startswith("<!doctype html>")
    assert "one · two" in page


def test_a_run_without_metrics_and_words_says_so(result: Result) -> None:
    bare = replace(result, scores=(), stages=None, moments=(), summary=summarise([]))
    page = reports_page([through_json(run_report(bare, command=[], label="bare"))])
    assert "no stage seconds at /metrics" in page
    assert figures_in(page) == []


def test_a_storm_is_shown_with_those_who_ran_meanwhile(result: Result) -> None:
    knocks = [
        Knock("accepted", "", 0.1, 0.0),
        Knock("refused", "overloaded", 0.2, 0.0),
        Knock("failed", "timeout", 20.0, 0.0),
    ]
    storm = sum_up(knocks, Storm(per_s=1, seconds=60, begin_s=120, hold_s=0))
    assert (storm.attempted, storm.accepted, storm.refused, storm.failed) == (3, 1, 1, 1)
    report = run_report(replace(result, storm=storm), command=[], label="made")
    counts = {name: spread["count"] for name, spread in report["storm"]["running"].items()}
    assert counts == {"before": 24, "during": 12, "after": 108}
    page = reports_page([through_json(report)])
    assert "refused politely" in page
    assert "overloaded ×1, timeout ×1" in page


def test_a_soak_finds_what_grows(result: Result) -> None:
    found = slopes(result)
    # The 100th of a second a minute that every word is later; 6 MiB an hour over two sessions.
    assert found["first_shown_p50_s"] == pytest.approx(0.6, abs=0.01)
    assert found["final_p95_s"] == pytest.approx(0.6, abs=0.01)
    assert found["rss_mib"] == pytest.approx(6.0, abs=0.01)
    assert found["held_mib"] == pytest.approx(6.0, abs=0.01)
    assert found["held_mib_per_session"] == pytest.approx(3.0, abs=0.01)


def test_what_a_heap_keeps_for_a_while_is_not_held(result: Result) -> None:
    saw = [
        replace(moment, server_rss_mib=400 + 60 * moment.at_s / 720 * (at % 4))
        for at, moment in enumerate(result.moments)
    ]
    found = slopes(replace(result, moments=tuple(saw)))
    assert found["held_mib"] == pytest.approx(0.0, abs=0.01)
    assert (found["rss_mib"] or 0) > 20


def test_a_soak_holds_positions_to_the_millisecond(result: Result) -> None:
    off = replace(result.scores[0], counted_ms=719_999, name="off")
    lost = replace(off, counted_ms=None, failure=Failure("connection_lost", "gone"), name="lost")
    worse = a_result(*result.scores, off, lost)
    report = through_json(
        soak_report(worse, Scenario(), Length(12), command=["x"], label="soak: made")
    )
    assert [session["exact"] for session in report["sessions"]] == [True, True, False, False]
    page = reports_page([report])
    assert figures_in(page) == [
        "Word first shown, by the minute",
        "Final after last word, by the minute",
        "Memory of the server",
        "CPU",
        "CPU by stage",
    ]
    assert "4 sessions over 12 minutes, 1 failed; 2 counted exactly" in page
    said = table([report])
    assert "positions exact in 2 of 4 sessions" in said
    assert "lost: connection_lost: gone" in said


def test_a_soak_has_an_end() -> None:
    for minutes, lap in ((0, 10), (10_000, 10), (1, 0)):
        with pytest.raises(ValueError, match="--"):
            Length(minutes, lap)
