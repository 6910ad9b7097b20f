from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from load.arguments import add_scenario, scenario_of
from load.scenario import Scenario, all_options
from load.target import Target


def parsed(*given: str) -> Scenario:
    parser = argparse.ArgumentParser()
    add_scenario(parser)
    return scenario_of(parser.parse_args(given))


def test_nothing_said_is_the_defaults() -> None:
    assert parsed() == Scenario()


def test_what_is_said_goes_before_what_the_scenario_says(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        '[sources]\nlanguages = ["en"]\n[layout]\nstreams = 4\nseconds = 9\n'
        "[session]\npartials = false\n[targets]\nfailed = 0\nlost_s = 3\n",
        encoding="utf-8",
    )
    base = parsed("--scenario", str(mine))
    assert (base.layout.streams, base.session.partials) == (4, False)
    changed = parsed(
        *("--scenario", str(mine), "--streams", "2", "--seconds", "none", "--partials"),
        *("--language", "de", "--language", "fr", "--target", "lost_s=0"),
    )
    assert (changed.layout.streams, changed.layout.seconds) == (2, None)
    assert changed.session.partials
    assert changed.sources.languages == ("de", "fr")
    assert changed.targets == (Target("failed", 0.0), Target("lost_s", 0.0))
    assert parsed("--scenario", str(mine), "--no-targets").targets == ()


def test_every_value_has_a_flag_that_takes_it() -> None:
    for option in all_options():
        value = {bool: None, int: "8", float: "8.5", str: "x", tuple: "x"}[option.kind]
        if option.key == "sample_rate":
            value = "8000"
        elif option.key == "level_dbfs":
            value = "-23.0"
        elif option.key == "streams" and option.section == "slow_readers":
            value = "1"
        elif option.choices:
            value = next(
                one for one in option.choices if one in ("continuous", "mulaw", "captions")
            )
        scenario = parsed(option.flag, *([] if value is None else [value]))
        found = getattr(getattr(scenario, option.section), option.key)
        assert str(found) in (value, "True", f"('{value}',)"), option.name


def test_a_wrong_type_is_said_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--streams", "many")
    assert "invalid int value: 'many'" in capsys.readouterr().err
