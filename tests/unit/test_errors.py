"""The tree of errors is what its module's drawing says, and what the protocol promises."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

import pytest

from streaming import errors
from streaming.errors import RequestError, ServerError, WirescribeError, shown

_LINE = re.compile(
    r"── (?P<name>\w+)\s+(?P<code>\w+)\s+(?P<close>\d+)\s+(?P<http>\d+)\s+(?P<retry>yes|no)"
    r"(?:\s+\((?P<module>streaming\.\w+)\))?\n"
)
DRAWN = list(_LINE.finditer(errors.__doc__ or ""))


def leaves(kind: type[WirescribeError] = WirescribeError) -> Iterator[type[WirescribeError]]:
    """The errors of the module; what others derive from them is theirs."""
    below = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    if not below:
        yield kind
    for each in below:
        yield from leaves(each)


def drawn_kind(line: re.Match[str]) -> type[WirescribeError]:
    module = importlib.import_module(line["module"] or errors.__name__)
    kind = getattr(module, line["name"])
    assert isinstance(kind, type)
    assert issubclass(kind, WirescribeError)
    return kind


LEAVES = list(leaves())


@pytest.mark.parametrize("line", DRAWN, ids=lambda line: line["name"])
def test_the_drawing_is_true(line: re.Match[str]) -> None:
    kind = drawn_kind(line)
    drawn = (line["code"], int(line["close"]), int(line["http"]), line["retry"] == "yes")
    assert drawn == (kind.code, kind.close_code, kind.http_status, kind.retryable)


def test_everything_is_drawn() -> None:
    assert {kind.__name__ for kind in LEAVES} <= {line["name"] for line in DRAWN}


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_codes_say_whose_fault_it_is(kind: type[WirescribeError]) -> None:
    assert issubclass(kind, RequestError) != issubclass(kind, ServerError)
    if issubclass(kind, ServerError):
        assert kind.close_code in (1011, 1012, 1013)
        assert kind.http_status >= 500
    else:
        assert kind.close_code == 1009 or 4400 <= kind.close_code < 4500
        assert 400 <= kind.http_status < 500


def test_codes_are_of_one_kind_each() -> None:
    codes = [kind.code for kind in LEAVES]
    assert len(set(codes)) == len(codes)


def test_an_error_carries_what_the_wire_needs() -> None:
    error = errors.QuotaExceeded("too fast", field="audio", retry_after_ms=20)
    assert (str(error), error.message, error.field, error.retry_after_ms) == (
        "too fast", "too fast", "audio", 20,
    )  # fmt: skip
    assert errors.BadMessage("no").field is None


@pytest.mark.parametrize(
    "value, text",
    [("a", "'a'"), (7, "7"), (None, "None"), ("\x00\ud800", r"'\x00\ud800'")],
)
def test_values_are_shown_harmlessly(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 10_000)) == 60
    assert shown("x" * 10_000).endswith("…")
