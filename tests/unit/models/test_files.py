from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.models.errors import IncompleteModel
from streaming.models.files import inspect_directory, missing_files, wanted_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "mine"
    path.mkdir()
    (path / "model.bin").write_bytes(b"weights")
    (path / "config.json").write_text("{}")
    (path / "tokenizer.json").write_text("{}")
    (path / "vocabulary.json").write_text(json.dumps(["a"] * 51_865))
    return path


def test_a_whole_directory_is_described_without_being_hashed(folder: Path) -> None:
    files = inspect_directory(folder)
    assert (files.name, files.path) == ("mine", folder.resolve())
    assert (files.multilingual, files.english_only) == (True, False)
    assert files.mel_bins is None
    assert files.digest is None
    assert files.size_bytes == sum(each.stat().st_size for each in folder.iterdir())


@pytest.mark.parametrize("file", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_each_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(IncompleteModel, match=f"'mine' lacks {file}") as caught:
        inspect_directory(folder)
    assert str(folder) not in caught.value.message
    assert str(folder) in caught.value.advice


def test_an_empty_file_counts_as_missing(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(IncompleteModel, match=r"lacks model\.bin"):
        inspect_directory(folder)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("config.json", "{", r"config\.json that is not JSON"),
        ("config.json", "[]", r"config\.json that is no JSON object"),
        ("config.json", "\udcff", r"config\.json that is not JSON"),
        ("vocabulary.json", "{}", r"vocabulary\.json that is no JSON array"),
        ("preprocessor_config.json", '{"feature_size": "many"}', "'many'"),
        ("preprocessor_config.json", '{"feature_size": 0}', "0"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(
    folder: Path, file: str, text: str, says: str
) -> None:
    (folder / file).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(IncompleteModel, match=says):
        inspect_directory(folder)


@pytest.mark.parametrize(("tokens", "multilingual"), [(51_864, False), (51_866, True)])
@pytest.mark.parametrize("as_text", [True, False])
def test_the_vocabulary_tells_english_models(
    folder: Path, tokens: int, multilingual: bool, as_text: bool
) -> None:
    if as_text:
        (folder / "vocabulary.json").unlink()
        (folder / "vocabulary.txt").write_text("a\n" * tokens)
    else:
        (folder / "vocabulary.json").write_text(json.dumps(["a"] * tokens))
    assert inspect_directory(folder).multilingual is multilingual


def test_mel_bins_come_from_the_preprocessor(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text('{"feature_size": 128}')
    assert inspect_directory(folder).mel_bins == 128


def test_a_model_wants_its_files_with_the_large_one_last_and_one_vocabulary() -> None:
    there = ["model.bin", "README.md", "vocabulary.txt", "vocabulary.json", "config.json"]
    assert wanted_files(there) == ["config.json", "vocabulary.json", "model.bin"]
    assert missing_files(there) == ["tokenizer.json"]
