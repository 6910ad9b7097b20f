from __future__ import annotations

import os
from pathlib import Path

import pytest

from streaming.models import command
from streaming.models.command import ModelRow, ModelState, list_models, verify
from streaming.models.errors import UnknownModel
from streaming.models.progress import FetchProgress
from tests.unit.models.fakes import ScriptedHub, library


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds ``small``, found through the environment."""
    library(tmp_path, hub=ScriptedHub()).resolve("small")
    monkeypatch.setenv("WIRESCRIBE_MODELS_DIR", str(tmp_path))
    monkeypatch.setattr(command, "default_models_dir", lambda: tmp_path)
    return tmp_path


def row(rows: list[ModelRow], name: str) -> ModelRow:
    return next(row for row in rows if row.name == name)


def test_the_list_shows_what_is_there_and_what_could_be(cache: Path) -> None:
    rows = list_models()
    small, large = row(rows, "small"), row(rows, "large-v3")
    assert (small.state, small.path) == (ModelState.READY, cache / "small")
    assert (large.state, large.path, large.aliases) == (ModelState.ABSENT, None, ("large",))
    assert large.size_bytes > 3_000_000_000 > small.size_bytes


def test_the_list_of_an_empty_cache_creates_nothing(tmp_path: Path) -> None:
    rows = list_models(models_dir=tmp_path / "new")
    assert {each.state for each in rows} == {ModelState.ABSENT}
    assert not (tmp_path / "new").exists()


def test_verify_reads_every_byte_of_what_is_cached(cache: Path) -> None:
    seen: list[FetchProgress] = []
    (verified,) = verify(progress=seen.append)
    assert (verified.name, verified.state, verified.problem) == ("small", ModelState.READY, None)
    assert seen[-1].stage == "verify"
    assert seen[-1].done_bytes == seen[-1].total_bytes == verified.size_bytes


def test_verify_finds_a_flip_that_left_size_and_time_alone(cache: Path) -> None:
    path = cache / "small" / "model.bin"
    times = path.stat().st_mtime_ns
    path.write_bytes(b"X" + path.read_bytes()[1:])
    os.utime(path, ns=(times, times))
    assert row(list_models(), "small").state is ModelState.READY
    (found,) = verify(["small"])
    assert found.state is ModelState.DAMAGED
    assert found.problem is not None
    assert found.problem.startswith("model.bin has SHA-256")
    assert (cache / "small").exists()


def test_verify_of_names_takes_aliases_once_and_refuses_others(cache: Path) -> None:
    (large,) = verify(["large", "large-v3"])
    assert (large.name, large.state) == ("large-v3", ModelState.ABSENT)
    with pytest.raises(UnknownModel, match="did you mean 'small'"):
        verify(["smal"])
    with pytest.raises(UnknownModel):
        command.fetch(str(cache))
