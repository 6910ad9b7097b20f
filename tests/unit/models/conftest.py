from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streaming.models import registry
from streaming.models.registry import ModelSpec
from tests.unit.models.fakes import TinyIndex


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyIndex:
    """A tiny package index; the name ``base`` means its model for the length of a test."""
    tiny = TinyIndex(tmp_path / "index")
    known: Callable[[str], ModelSpec | None] = registry.find
    spec = tiny.spec
    monkeypatch.setattr(registry, "find", lambda name: spec if name == "base" else known(name))
    return tiny


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the model cache of this test lies; not created yet."""
    return tmp_path / "cache" / "models"
