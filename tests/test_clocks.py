"""Only who needs the time of day asks for it: a clock that is set must not disturb a session."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "streaming"

# Tokens and keys expire at a time of day; Prometheus wants one for the last success, Deepgram's and
# OpenAI's clients want to be told when something was made. Commands that people run by hand have no
# sessions to disturb.
MAY = {
    "auth/gate.py",
    "gauges.py",
    "rest/deepgram.py",
    "rest/jobs/shelf.py",
    "transports/deepgram.py",
    "transports/openai_realtime/doors.py",
}
MAY_FOLDERS = ("cli/", "models/")
WALL = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow")}


def wall_clocks(source: str) -> set[tuple[str, str]]:
    """Which wall clocks a module reads."""
    return {
        (node.value.id, node.attr)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    } & WALL


def test_the_time_of_day_is_asked_for_where_it_is_needed() -> None:
    asking = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if wall_clocks(path.read_text(encoding="utf-8"))
    }
    assert {name for name in asking if not name.startswith(MAY_FOLDERS)} == MAY


def test_it_would_be_noticed() -> None:
    assert wall_clocks("import time\nnow = time.time()") == {("time", "time")}
    assert not wall_clocks("import time\nnow = time.monotonic()")
