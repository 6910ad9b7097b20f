"""Models on disk: whole, damaged, missing, of several pieces; and room for them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from streaming.cli.doctor.files import ExaminedModel, examine_disk, examine_model
from streaming.cli.doctor.finding import State
from streaming.models import registry
from streaming.models.manifest import FileDigest, Manifest, sha256_of, write_manifest
from streaming.settings import EngineSettings
from tests.support.tiny_whisper import LARGE_V3, MULTILINGUAL, write_tiny_whisper


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_whisper(tmp_path_factory.mktemp("large"), LARGE_V3)


@pytest.fixture
def own(large: Path, tmp_path: Path) -> Path:
    return shutil.copytree(large, tmp_path / "own")


@pytest.fixture
def cache(large: Path, tmp_path: Path) -> Path:
    """A model cache that holds a ``large-v3``, tiny but whole by its manifest."""
    folder = shutil.copytree(large, tmp_path / "models" / "large-v3")
    files = {
        file.name: FileDigest(file.stat().st_size, sha256_of(file)) for file in folder.iterdir()
    }
    write_manifest(folder, Manifest("large-v3", "hub", files))
    return folder.parent


def examine(name: str | Path, models_dir: Path | None = None, **settings: object) -> ExaminedModel:
    engine = EngineSettings.model_validate({"models_dir": models_dir, **settings})
    return examine_model(str(name), "model", engine)


def test_a_model_that_is_whole(cache: Path) -> None:
    examined = examine("large-v3", cache)
    assert examined.finding.state is State.OK
    assert "every digest right" in examined.finding.says
    assert examined.path == cache / "large-v3"
    assert examined.weights is not None
    assert examined.weights.mel_bins == 128


def test_a_byte_that_is_wrong_is_found(cache: Path) -> None:
    weights = cache / "large-v3" / "model.bin"
    data, stat = bytearray(weights.read_bytes()), weights.stat()
    data[-100] ^= 1
    weights.write_bytes(data)
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as rot leaves it
    examined = examine("large-v3", cache)
    assert examined.finding.state is State.PROBLEM
    assert "model.bin has SHA-256" in examined.finding.says
    assert "wirescribe models fetch large-v3" in str(examined.finding.advice)
    assert examined.path is None


def test_a_model_that_is_not_there(cache: Path) -> None:
    examined = examine("large-v3-turbo", cache)
    assert examined.finding.state is State.NOTE
    assert examined.to_fetch_bytes == 1_620_000_000
    offline = examine("large-v3-turbo", cache, offline=True)
    assert offline.finding.state is State.PROBLEM
    assert "wirescribe models fetch large-v3-turbo" in str(offline.finding.advice)


def test_a_name_that_is_not_known(cache: Path) -> None:
    examined = examine("large-v33", cache)
    assert examined.finding.state is State.PROBLEM
    assert "did you mean 'large-v3'" in examined.finding.says
    assert "engine.model" in str(examined.finding.advice)


def test_a_folder_of_ones_own(own: Path) -> None:
    examined = examine(own)
    assert examined.finding.state is State.OK
    assert examined.path == own


def test_a_folder_that_lacks_a_file(own: Path) -> None:
    (own / "tokenizer.json").unlink()
    examined = examine(own)
    assert examined.finding.state is State.PROBLEM
    assert "lacks tokenizer.json" in examined.finding.says


def test_a_folder_with_half_its_weights(own: Path) -> None:
    os.truncate(own / "model.bin", 100_000)
    examined = examine(own)
    assert examined.finding.state is State.PROBLEM
    assert "damaged" in examined.finding.says


def test_a_folder_with_the_vocabulary_of_another_model(own: Path, tmp_path: Path) -> None:
    other = write_tiny_whisper(tmp_path / "base", MULTILINGUAL)
    shutil.copy(other / "vocabulary.json", own)
    examined = examine(own)
    assert examined.finding.state is State.PROBLEM
    assert "vocabulary has 51865 tokens, its weights 51866" in examined.finding.says


def test_a_folder_with_the_features_of_another_model(own: Path) -> None:
    (own / "preprocessor_config.json").write_text(json.dumps({"feature_size": 80}))
    assert "128 mel bins instead of 80" in examine(own).finding.says


def test_a_cached_model_that_is_not_what_its_name_says(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(cache / "large-v3", cache / "medium")
    text = (cache / "medium" / "manifest.json").read_text()
    (cache / "medium" / "manifest.json").write_text(text.replace('"large-v3"', '"medium"'))
    assert registry.find("medium")
    assert "128 mel bins instead of 80" in examine("medium", cache).finding.says


# -- room ----------------------------------------------------------------------------------------


def disk(models_dir: Path, to_fetch: int) -> State:
    return examine_disk(EngineSettings(models_dir=models_dir), to_fetch).state


def test_room_for_what_is_to_be_fetched(tmp_path: Path) -> None:
    assert disk(tmp_path, 0) is State.OK
    assert disk(tmp_path / "not" / "yet" / "there", 1_000) is State.OK
    free = shutil.disk_usage(tmp_path).free
    assert disk(tmp_path, free) is State.PROBLEM


def test_a_cache_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert disk(tmp_path, 1_000) is State.PROBLEM
    assert disk(tmp_path, 0) is State.OK, "a cache that is only read serves what it holds"
