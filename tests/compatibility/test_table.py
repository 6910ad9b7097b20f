"""The document is what the tests say, and every row's test is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.compatibility.table import DOCUMENT, ROOT, dialects, document, read

GOOD = """
title = "Some"
place = 1
routes = ["`/v1/some`"]
clients = ["`some`"]

[[feature]]
name = "a | b"
support = "different: how"
test = "tests/some.py::test_it"
"""


@cache
def _tests(path: str) -> frozenset[str]:
    """The test functions of a file; of another language, all that its text says."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if not path.endswith(".py"):
        return frozenset({text})
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(ast.parse(text)) if isinstance(node, functions))


def _is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    if not name or not (ROOT / path).is_file():
        return False
    known = _tests(path)
    return name in known or (not path.endswith(".py") and any(name in text for text in known))


@pytest.mark.parametrize("dialect", dialects(), ids=lambda it: it.name)
def test_every_row_is_held_by_a_test(dialect: object) -> None:
    features = getattr(dialect, "features", ())
    assert features
    assert [row.name for row in features if not _is_there(row.test)] == []
    names = [row.name for row in features]
    assert len(names) == len(set(names))


def test_the_document_is_up_to_date() -> None:
    written = document(dialects())
    assert DOCUMENT.read_text(encoding="utf-8") == written, "python -m tests.compatibility.table"


def test_a_test_that_is_not_there_is_seen() -> None:
    assert _is_there("tests/compatibility/test_table.py::test_the_document_is_up_to_date")
    assert not _is_there("tests/compatibility/test_table.py::test_nothing")
    assert not _is_there("tests/compatibility/nowhere.py::test_nothing")
    assert not _is_there("tests/compatibility/test_table.py")


def test_a_declaration_becomes_a_table(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    path.write_text(GOOD)
    text = document([read(path)])
    assert "## Some\n\n`/v1/some`. Clients in the tests: `some`.\n" in text
    assert "| a \\| b | **different**: how | [`test_it`](../tests/some.py) |\n" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("different: how", "different: "),
        ("different: how", "partly"),
        ("place = 1", 'place = "1"'),
        ("title =", "titel ="),
        ("[[feature]]", "[[features]]"),
        ("support =", "supports ="),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "some.toml"
    path.write_text(GOOD.replace(before, after))
    with pytest.raises(ValueError, match=r"some\.toml"):
        read(path)
