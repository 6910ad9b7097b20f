"""What stands on a log line, and what never may."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from streaming.logs import bound, configure_logging, get_logger


class Log:
    """What was written to standard error."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._captured.readouterr().err
        return self._text

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    """Standard error."""
    return Log(capsys)


def test_lines_are_json_off_a_terminal(log: Log) -> None:
    configure_logging()
    get_logger("streaming.test").info("ready", workers=2)
    (line,) = log.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "ready", "workers": 2, "level": "info", "logger": "streaming.test"}


def test_lines_are_readable_on_a_terminal(log: Log) -> None:
    configure_logging(json=False)
    get_logger("streaming.test").info("ready", workers=2)
    assert "ready" in log.text
    assert not log.text.startswith("{")


def test_the_level_is_kept(log: Log) -> None:
    configure_logging("WARNING", json=True)
    get_logger("streaming.test").info("quiet")
    get_logger("streaming.test").warning("loud")
    assert [line["event"] for line in log.lines] == ["loud"]


def test_what_is_bound_stands_on_every_line_inside_and_on_none_behind(log: Log) -> None:
    configure_logging(json=True)
    with bound(session="abc"):
        get_logger("streaming.test").info("one")
        logging.getLogger("some.library").warning("two")
    get_logger("streaming.test").info("three")
    assert [line.get("session") for line in log.lines] == ["abc", "abc", None]


@pytest.mark.parametrize("as_json", [True, False])
def test_queries_of_the_libraries_lines_are_cut(log: Log, as_json: bool) -> None:
    configure_logging(json=as_json)
    logging.getLogger("uvicorn.error").warning(
        '%s - "WebSocket %s" [accepted]', "127.0.0.1", "/v1/stream?token=secret"
    )
    logging.getLogger("some.library").error("GET http://host/path?key=secret failed")
    assert "secret" not in log.text
    assert "/v1/stream?" in log.text


def test_a_question_is_not_a_query(log: Log) -> None:
    configure_logging(json=True)
    get_logger("streaming.test").info("is it?", answer="yes")
    assert log.lines[0]["event"] == "is it?"


def test_the_servers_own_access_lines_are_not_written(log: Log) -> None:
    configure_logging("DEBUG", json=True)
    logging.getLogger("uvicorn.access").warning("GET /health?token=secret")
    logging.getLogger("uvicorn.error").info("connection open")
    assert log.text == ""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_values_of_variables(log: Log, as_json: bool) -> None:
    configure_logging(json=as_json)
    transcript = "words that were said in confidence"
    try:
        raise ValueError(len(transcript))
    except ValueError:
        get_logger("streaming.test").exception("failed")
    assert "ValueError: 34" in log.text
    assert "in confidence" not in log.text
    if as_json:
        assert len(log.lines) == 1


def test_configuring_again_replaces_and_does_not_double(log: Log) -> None:
    configure_logging(json=True)
    configure_logging(json=True)
    get_logger("streaming.test").info("once")
    assert len(log.lines) == 1
