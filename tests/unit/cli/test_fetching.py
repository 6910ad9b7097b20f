"""Progress of a fetch, for people and for logs."""

from __future__ import annotations

import io
import re
import threading

from rich.console import Console

from streaming.cli.fetching import FetchBar
from streaming.models import FetchProgress


def steps(name: str = "small") -> list[FetchProgress]:
    whole = 486_000_000
    return [
        *(FetchProgress(name, "download", done, whole) for done in (0, whole // 2, whole)),
        FetchProgress(name, "assemble", whole, whole),
        *(FetchProgress(name, "verify", done, whole) for done in (1, whole)),
    ]


def test_in_a_log_each_stage_is_a_line() -> None:
    out = io.StringIO()
    with FetchBar(Console(file=out)) as bar:
        for step in steps():
            bar.report(step)

    assert out.getvalue() == "fetching model small (486 MB) …\nassembling model small …\n"


def test_on_a_terminal_there_is_a_bar_and_it_goes_away() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with FetchBar(console) as bar:
        for step in steps():
            bar.report(step)
    drawn = out.getvalue()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)

    assert "verifying small" in plain
    assert "486.0/486.0 MB" in plain
    assert "\x1b[?25h" in drawn.split("\x1b[?25l")[-1]


def test_nothing_is_drawn_before_there_is_something_to_tell() -> None:
    out = io.StringIO()
    with FetchBar(Console(file=out, force_terminal=True)):
        pass
    assert out.getvalue() == ""


def test_reports_may_come_from_any_thread() -> None:
    out = io.StringIO()
    with FetchBar(Console(file=out)) as bar:
        threads = [
            threading.Thread(target=bar.report, args=(FetchProgress(f"m{n}", "download", 1, 2),))
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(re.findall(r"m\d", out.getvalue())) == [f"m{n}" for n in range(8)]
