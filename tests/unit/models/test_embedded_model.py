"""The true embedded model, where the cache has it (``make test`` fetches it first)."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.models import EMBEDDED, ModelState, resolve, verify
from streaming.models.errors import ModelError
from streaming.models.files import ModelFiles, inspect_directory

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def base() -> ModelFiles:
    try:
        return resolve(EMBEDDED, offline=True)
    except ModelError as error:
        pytest.skip(f"{error.message}; fetch it with: wirescribe models fetch {EMBEDDED}")


def test_every_byte_is_the_pinned_one(base: ModelFiles) -> None:
    (row,) = verify([EMBEDDED])
    assert row.state is ModelState.READY
    assert row.size_bytes == 150_219_692


def test_it_is_what_the_registry_says(base: ModelFiles) -> None:
    ctranslate2 = pytest.importorskip("ctranslate2")
    model = ctranslate2.models.Whisper(str(base.path), device="cpu", compute_type="int8")
    assert model.is_multilingual is base.multilingual
    assert model.n_mels == base.mel_bins


def test_its_folder_serves_as_a_users_directory_too(base: ModelFiles, tmp_path: Path) -> None:
    link = tmp_path / "mine"
    link.symlink_to(base.path)
    mine = inspect_directory(link)
    assert mine.multilingual is base.multilingual
    assert not mine.english_only
