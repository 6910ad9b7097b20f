from __future__ import annotations

from pathlib import Path

import pytest

from load.option import ScenarioError
from load.programmes import make_plan
from load.scenario import Scenario, all_options, find_scenario, packaged, parse_scenario
from load.target import Target

MINE = """
description = "Mine."

[sources]
manifest = "here.jsonl"
languages = ["de"]

[layout]
mode = "continuous"
streams = 3

[targets]
first_shown_p95_s = 2.5
failed = 0
"""


def test_the_packaged_ones_can_be_read_and_have_targets() -> None:
    assert packaged() == ["calls", "captions", "push-to-talk", "slow-readers", "storm"]
    for name in packaged():
        scenario = find_scenario(name)
        assert scenario.name == name
        assert scenario.description
        figures = {target.figure for target in scenario.targets}
        assert {"lost_s", "failed"} < figures
        assert scenario.sources.manifest is None  # recordings are no part of the harness


def test_what_they_are_for() -> None:
    calls = find_scenario("calls").layout
    assert (calls.encoding, calls.sample_rate, calls.channels) == ("mulaw", 8000, 2)
    assert find_scenario("storm").storm.per_s > 0
    slow = find_scenario("slow-readers")
    assert 0 < slow.slow_readers.streams < slow.layout.streams


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    scenario = find_scenario(str(path))
    assert (scenario.name, scenario.description) == ("mine", "Mine.")
    assert scenario.sources.manifest == str(tmp_path / "here.jsonl")
    assert scenario.sources.languages == ("de",)
    assert scenario.layout.streams == 3
    assert scenario.layout.gap_s == 0.3  # a default
    assert scenario.targets == (Target("first_shown_p95_s", 2.5), Target("failed", 0.0))


def test_values_can_be_changed_and_are_checked_then_too() -> None:
    base = Scenario(name="x")
    changed = base.changed({("layout", "streams"): 9, ("session", "silence_ms"): 500})
    assert (changed.layout.streams, changed.session.silence_ms) == (9, 500)
    assert base.layout.streams == 1
    with pytest.raises(ScenarioError, match=r"pace\.speed: 0\.0 is not at least"):
        base.changed({("pace", "speed"): 0})


def test_a_preset_of_endpointing_is_one_of_the_protocols() -> None:
    scenario = Scenario(name="x").changed(
        {("session", "preset"): "telephony", ("session", "sentence_silence_ms"): 300}
    )
    options = make_plan(scenario, "ws://127.0.0.1:1/", programmes=[]).options
    assert (options.endpointing, options.sentence_silence_ms) == ("telephony", 300)
    with pytest.raises(ScenarioError, match=r"'telefony' is not one .*did you mean 'telephony'"):
        scenario.changed({("session", "preset"): "telefony"})


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"layuot": {}}, r"layuot: no such key \(did you mean 'layout'\?\)"),
        ({"layout": {"strems": 3}}, r"layout.strems: no such key \(did you mean 'streams'\?\)"),
        ({"layout": {"streams": "3"}}, "layout.streams: '3' is not a whole number"),
        ({"layout": 3}, "layout: 3 is not a table"),
        ({"description": 3}, "description: 3 is not a string"),
        ({"targets": {"first_shown_p95": 1}}, "did you mean 'first_shown_p95_s'"),
        ({"slow_readers": {"streams": 2}}, "slow_readers.streams: 2 of 1 sessions"),
        ({"layout": {"mode": "turns"}}, "layout.channels: 1 for mode 'turns'"),
        ({"layout": {"mode": "push_to_talk", "channels": 2}}, "layout.channels: 2"),
    ],
)
def test_what_cannot_be_is_named(tree: dict[str, object], says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        parse_scenario(tree, "x")


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"did you mean 'captions'"):
        find_scenario("caption")
    with pytest.raises(ScenarioError, match="No such file"):
        find_scenario(str(tmp_path / "none.toml"))
    broken = tmp_path / "broken.toml"
    broken.write_text("[layout", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"scenario broken\.toml"):
        find_scenario(str(broken))


def test_no_two_options_share_a_flag() -> None:
    flags = [option.flag for option in all_options()]
    assert len(flags) == len(set(flags))
