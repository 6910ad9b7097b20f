"""The suite itself: tests don't disturb each other, and are shared out sensibly."""

from __future__ import annotations

import logging
import os
import signal
from dataclasses import dataclass
from typing import cast

import pytest
import structlog
from structlog.testing import capture_logs

from streaming.logs import configure_logging, get_logger
from tests.support.process_state import process_state_kept
from tests.support.sharing import longest_first, scope_of


def _seen() -> list[object]:
    names = (None, "uvicorn", "uvicorn.access", "some.new.library")
    loggers = [logging.getLogger(name) for name in names]
    return [
        [(list(one.handlers), one.level, one.propagate, one.disabled) for one in loggers],
        structlog.is_configured(),
        structlog.get_config(),
        structlog.contextvars.get_contextvars(),
        dict(os.environ),
        [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
    ]


def test_what_a_test_does_to_the_process_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "as it was")
    monkeypatch.setenv("REMOVED", "by the test")
    before = _seen()
    with process_state_kept():
        configure_logging("ERROR", json=True)
        logging.getLogger("some.new.library").setLevel(logging.DEBUG)
        structlog.contextvars.bind_contextvars(session="s-1")
        signal.signal(signal.SIGTERM, lambda *_: None)
        os.environ.update(KEPT="no more", ADDED="by the test")
        del os.environ["REMOVED"]
        assert all(one != other for one, other in zip(before, _seen(), strict=True))
    assert _seen() == before


def test_lines_are_captured_after_somebody_has_set_logging_up() -> None:
    with process_state_kept():
        configure_logging("ERROR", json=True)
        get_logger("streaming.test").info("not written")
    with capture_logs() as lines:
        get_logger("streaming.test").info("captured")
    assert [line["event"] for line in lines] == ["captured"]


@dataclass(frozen=True, slots=True)
class Item:
    nodeid: str


def test_the_longest_begin_and_the_rest_keep_its_order() -> None:
    names = [
        "tests/unit/test_b.py::test_one",
        "tests/browser/test_end_to_end.py::test_two",
        "tests/model/test_z.py::test_three[a::b]",
        "tests/unit/test_a.py::test_four",
        "tests/model/test_a.py::test_five",
    ]
    items = [cast(pytest.Item, Item(name)) for name in names]
    assert [item.nodeid for item in longest_first(items)] == [names[i] for i in (2, 4, 1, 0, 3)]


def test_a_file_stays_whole_and_the_model_with_one_process() -> None:
    assert scope_of("tests/unit/test_a.py::test_four[a::b]") == "tests/unit/test_a.py"
    of_the_model = {scope_of(f"tests/model/test_{file}.py::test_five") for file in "az"}
    assert len(of_the_model) == 1
