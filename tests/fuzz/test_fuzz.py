"""The short form: everything ever found, and some thousand inputs that are always the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.inputs import keep, kept
from tests.fuzz.mutate import mutants
from tests.fuzz.run import attempt
from tests.fuzz.targets import DIALECTS, TARGETS, WORDS, seeds

COUNT = 1_000
SLOW = {"media": 150}  # a process each


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_once_does_no_harm(target: str) -> None:
    inputs = list(kept(target))
    assert inputs, f"no corpus of {target}: python -m tests.fuzz --distil {target}"
    for data in inputs:
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_good_input_and_what_grows_from_it(target: str) -> None:
    pool = seeds(target)
    for data in [*pool, *mutants([*pool, *kept(target)], WORDS, SLOW.get(target, COUNT))]:
        TARGETS[target](data)


def test_every_dialect_is_fuzzed() -> None:
    root = Path(__file__).parents[2]
    texts = {file: file.read_text() for file in root.glob("streaming/transports/**/*.py")}
    codecs = [file for file, text in texts.items() if "(Codec)" in text or "def opening(" in text]
    modules = {".".join(file.relative_to(root).with_suffix("").parts) for file in codecs}
    fuzzed = {make.__module__ for make in DIALECTS.values()}
    assert modules - {"streaming.transports.codec"} <= fuzzed


def test_a_defect_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a target raises is caught, and the input can be kept and played again."""

    def broken(data: bytes) -> None:
        assert b"opus" not in data, "here is one"

    monkeypatch.setattr("tests.fuzz.run.TARGETS", {"broken": broken})
    failing = [data for data in mutants([b"x"], WORDS, 2_000) if attempt("broken", data)]
    assert failing
    keep("broken", failing[0], prefix="crash-", root=tmp_path)
    assert list(kept("broken", tmp_path)) == [failing[0]]
