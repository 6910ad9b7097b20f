"""``wirescribe models``: the library's rows, as columns and as a table."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import streaming.models
from streaming.cli import models
from streaming.models import FetchProgress, ModelFiles, ModelRow, ModelState, Progress
from streaming.models.errors import no_space
from tests.unit.cli.conftest import Command

READY = ModelRow("base", (), 150_000_000, 99, "package index", ModelState.READY, Path("/m/base"))
ABSENT = ModelRow("large-v3", ("large",), 3_090_000_000, 100, "hub: org/large", ModelState.ABSENT)
DAMAGED = replace(READY, name="tiny.en", languages=1, state=ModelState.DAMAGED, problem="no model")


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """The library says these; the folders it was asked about are kept."""
    asked: list[Path | None] = []

    def listed(*, models_dir: Path | None = None) -> list[ModelRow]:
        asked.append(models_dir)
        return [READY, ABSENT, DAMAGED]

    def verified(
        names: Sequence[str] = (),
        *,
        models_dir: Path | None = None,
        progress: Progress | None = None,
    ) -> list[ModelRow]:
        asked.append(models_dir)
        return [row for row in (READY, ABSENT, DAMAGED) if row.name in names]

    monkeypatch.setattr(streaming.models, "list_models", listed)
    monkeypatch.setattr(streaming.models, "verify", verified)
    return asked


def test_the_list_is_tab_separated_where_no_one_looks(
    run: Command, rows: list[Path | None]
) -> None:
    result = run("models", "list")

    assert result.status == 0
    assert [line.split("\t") for line in result.out.splitlines()] == [
        ["NAME", "SIZE", "LANGUAGES", "STATE", "SOURCE"],
        ["base", "150 MB", "99", "ready", "package index"],
        ["large-v3 (large)", "3.1 GB", "100", "not fetched", "hub: org/large"],
        ["tiny.en", "150 MB", "English", "damaged: no model", "package index"],
    ]


def test_the_list_is_a_table_on_a_terminal() -> None:
    out = io.StringIO()
    models.show(Console(file=out, force_terminal=True, width=100), [READY, ABSENT, DAMAGED])

    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()
    assert plain[0].split() == ["name", "size", "languages", "state", "source"]
    assert plain[1].split() == ["base", "150", "MB", "99", "ready", "package", "index"]
    assert plain[2].index("3.1 GB") == plain[1].index("150 MB")  # right-aligned, alike wide
    assert "\x1b[" in out.getvalue()


def test_the_folder_may_be_named_in_every_way(
    run: Command, rows: list[Path | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "a.toml"
    config.write_text('[engine]\nmodels_dir = "/from/file"\n', encoding="utf-8")

    run("models", "list")
    run("models", "list", "--config", config)
    run("models", "list", "--config", config, "--models-dir", "/from/flag")
    monkeypatch.setenv("WIRESCRIBE_ENGINE__MODELS_DIR", "/from/environment")
    run("models", "list", "--config", config)

    assert rows == [None, Path("/from/file"), Path("/from/flag"), Path("/from/environment")]


def test_verify_fails_where_a_model_is_not_whole(run: Command, rows: list[Path | None]) -> None:
    whole = run("models", "verify", "base")
    assert (whole.status, whole.out) == (0, "base: whole\n")

    damaged = run("models", "verify", "base", "tiny.en")
    assert damaged.status == 1
    assert "tiny.en: damaged (no model); mend it: wirescribe models fetch tiny.en" in damaged.out

    absent = run("models", "verify", "large-v3")
    assert (absent.status, absent.out) == (1, "large-v3: not fetched\n")

    assert run("models", "verify").out == "no models have been fetched\n"


def test_fetch_says_where_each_model_lies(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def fetch(
        name: str, *, models_dir: Path | None = None, progress: Progress | None = None
    ) -> ModelFiles:
        fetched.append(name)
        assert progress is not None
        progress(FetchProgress(name, "download", 1, 100_000_000))
        progress(FetchProgress(name, "download", 2, 100_000_000))
        progress(FetchProgress(name, "assemble", 1, 100_000_000))
        return _files(name)

    monkeypatch.setattr(streaming.models, "fetch", fetch)
    result = run("models", "fetch", "base", "base", "tiny")

    assert fetched == ["base", "tiny"]
    assert result.out == "base is ready in /m/base\ntiny is ready in /m/tiny\n"
    assert result.err.splitlines()[:2] == [
        "fetching model base (100 MB) …",
        "assembling model base …",
    ]


def test_an_unknown_model_is_refused_with_the_nearest(run: Command, tmp_path: Path) -> None:
    result = run("models", "fetch", "bse", "--models-dir", tmp_path)

    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("wirescribe: model 'bse' is not known; did you mean 'base'?")
    assert "Traceback" not in result.err


def test_a_full_disk_is_an_error_that_says_what_to_do(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(name: str, **_: object) -> ModelFiles:
        raise no_space(name=name, root=Path("/m"), needed_bytes=3_000_000_000)

    monkeypatch.setattr(streaming.models, "fetch", fetch)
    result = run("models", "fetch", "base")

    assert result.status == 1
    assert "no space left" in result.err
    assert "3.0 GB free in /m" in result.err


def _files(name: str) -> ModelFiles:
    return ModelFiles(name, Path("/m") / name, True, False, 80, 100, None)
