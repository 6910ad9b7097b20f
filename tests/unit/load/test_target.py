from __future__ import annotations

from dataclasses import replace

import pytest

from load.option import ScenarioError
from load.spread import Spread
from load.summary import Summary, summarise
from load.target import Target, figure, figure_names, judge, parse_target, parse_targets

EMPTY: Summary = summarise([])
SHOWN = Spread(count=3, p50=0.4, p95=2.0, minimum=0.1, maximum=3.0)


def test_every_figure_can_be_asked_for() -> None:
    for name in figure_names():
        found = figure(name, EMPTY)
        assert found is None or found == 0


def test_targets_are_held_missed_or_not_measured() -> None:
    summary = replace(EMPTY, first_shown=SHOWN, lost_s=0.5)
    targets = parse_targets({"first_shown_p95_s": 2, "lost_s": 0, "after_end_p50_s": 1})
    assert [(one.figure, one.found, one.held) for one in judge(targets, summary)] == [
        ("first_shown_p95_s", 2.0, True),
        ("lost_s", 0.5, False),
        ("after_end_p50_s", None, False),
    ]
    assert figure("first_shown_maximum_s", summary) == 3.0


def test_on_the_command_line() -> None:
    assert parse_target("final_p95_s=1.7") == Target("final_p95_s", 1.7)
    for text in ("final_p95_s", "final_p95_s=fast", "=1"):
        with pytest.raises(ScenarioError):
            parse_target(text)
    with pytest.raises(ScenarioError, match=r"-1\.0 is not a number of at least 0"):
        parse_target("failed=-1")
    with pytest.raises(ScenarioError, match="nan"):
        parse_target("failed=nan")
