"""A model on disk, ready to be loaded, and the contract of its directory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from streaming.errors import shown
from streaming.models.errors import IncompleteModel
from streaming.models.registry import ModelSpec

REQUIRED = ("model.bin", "config.json", "tokenizer.json")
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
OPTIONAL = ("preprocessor_config.json",)

# CTranslate2 (src/models/whisper.cc) and OpenAI's tokenizer draw the line here: 51,864 tokens are
# English-only, 51,865 and more begin a prompt with a language and a task.
_SMALLEST_MULTILINGUAL_VOCABULARY = 51_865

Json = TypeVar("Json", dict[str, object], list[object])
_JSON_NAMES: Mapping[type, str] = {dict: "object", list: "array"}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A complete model directory and what is known of it without loading it.

    ``multilingual`` is the contract of its vocabulary; ``english_only`` says that it was trained on
    English alone, which the vocabulary does not show. ``mel_bins`` is None where only the loaded
    model can tell. ``digest`` identifies the exact files and is None for a user's directory, which
    is not hashed.
    """

    name: str
    path: Path
    multilingual: bool
    english_only: bool
    mel_bins: int | None
    size_bytes: int
    digest: str | None


def missing_files(names: Iterable[str]) -> list[str]:
    """Return what the contract asks for and the given file names lack, as people would say it."""
    there = set(names)
    missing = [name for name in REQUIRED if name not in there]
    if not there.intersection(VOCABULARIES):
        missing.append(" or ".join(VOCABULARIES))
    return missing


def wanted_files(names: Iterable[str]) -> list[str]:
    """Return which of a repository's files make up the model, the large one last."""
    there = set(names)
    vocabulary = [name for name in VOCABULARIES if name in there][:1]
    wanted = [*REQUIRED[1:], *vocabulary, *OPTIONAL, REQUIRED[0]]
    return [name for name in wanted if name in there]


def managed_files(spec: ModelSpec, path: Path, *, size_bytes: int, digest: str) -> ModelFiles:
    """Return the files of a cached model of the registry."""
    return ModelFiles(
        name=spec.name,
        path=path,
        multilingual=spec.multilingual,
        english_only=spec.english_only,
        mel_bins=spec.mel_bins,
        size_bytes=size_bytes,
        digest=digest,
    )


def inspect_directory(path: Path) -> ModelFiles:
    """Return a user's own model directory, or raise ``IncompleteModel`` naming what it lacks."""
    name = path.resolve().name
    try:
        found = {entry.name: entry.stat().st_size for entry in path.iterdir() if entry.is_file()}
    except OSError as error:
        raise _incomplete(name, path, f"can't be read: {error.strerror}") from error
    if missing := missing_files(file for file, size in found.items() if size > 0):
        raise _incomplete(name, path, f"lacks {', '.join(missing)}")
    _read_json(path, "config.json", dict)
    multilingual = _vocabulary_size(path, found) >= _SMALLEST_MULTILINGUAL_VOCABULARY
    return ModelFiles(
        name=name,
        path=path.resolve(),
        multilingual=multilingual,
        english_only=not multilingual,
        mel_bins=_mel_bins(path, found),
        size_bytes=sum(found[file] for file in wanted_files(found)),
        digest=None,
    )


def _vocabulary_size(path: Path, found: Iterable[str]) -> int:
    if "vocabulary.json" in found:
        return len(_read_json(path, "vocabulary.json", list))
    with (path / "vocabulary.txt").open("rb") as lines:
        return sum(1 for _ in lines)


def _mel_bins(path: Path, found: Iterable[str]) -> int | None:
    if "preprocessor_config.json" not in found:
        return None
    bins = _read_json(path, "preprocessor_config.json", dict).get("feature_size")
    if isinstance(bins, int) and bins > 0:
        return bins
    reason = f"has feature_size {shown(bins)} in preprocessor_config.json"
    raise _incomplete(path.name, path, f"{reason}, which is no number of mel bins")


def _read_json(path: Path, file: str, kind: type[Json]) -> Json:
    try:
        value = json.loads((path / file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _incomplete(path.name, path, f"has a {file} that is not JSON") from error
    if not isinstance(value, kind):
        raise _incomplete(path.name, path, f"has a {file} that is no JSON {_JSON_NAMES[kind]}")
    return value


def _incomplete(name: str, path: Path, what: str) -> IncompleteModel:
    return IncompleteModel(
        f"model directory {shown(name)} {what}",
        advice=(
            f"Look into {path}. A model directory holds {', '.join(REQUIRED)} and "
            f"{' or '.join(VOCABULARIES)}, as written by ct2-transformers-converter with "
            "--copy_files tokenizer.json preprocessor_config.json."
        ),
    )
