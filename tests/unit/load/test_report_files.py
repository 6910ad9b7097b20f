"""Reports that are named on the command line and aren't there."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.report import read_report


def test_a_report_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nope\.json: No such file"):
        read_report(tmp_path / "nope.json")


def test_what_is_no_report_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"schema": "x"}', encoding="utf-8")
    with pytest.raises(ValueError, match="not a report"):
        read_report(path)
