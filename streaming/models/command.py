"""What ``wirescribe models list | fetch | verify`` does, without the words on the terminal."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streaming.models import registry
from streaming.models.files import ModelFiles
from streaming.models.library import ModelLibrary
from streaming.models.place import default_models_dir
from streaming.models.progress import Progress
from streaming.models.registry import ModelSpec
from streaming.models.store import ModelStore


class ModelState(enum.Enum):
    """What the cache holds of a model."""

    READY = "ready"
    DAMAGED = "damaged"
    ABSENT = "not fetched"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A line of the list; ``size_bytes`` is approximate unless the model is ready.

    ``path`` is None when the model is not in the cache; ``problem`` names the first file that is
    wrong and why.
    """

    name: str
    aliases: tuple[str, ...]
    size_bytes: int
    languages: int
    source: str
    state: ModelState
    path: Path | None = None
    problem: str | None = None


def library(models_dir: Path | None = None) -> ModelLibrary:
    """Return the library over that cache folder, by default the platform's."""
    return ModelLibrary(ModelStore(models_dir or default_models_dir()))


def resolve(
    name_or_dir: str,
    *,
    models_dir: Path | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> ModelFiles:
    """Return a model that can be loaded now; see ``ModelLibrary.resolve``."""
    return library(models_dir).resolve(name_or_dir, offline=offline, progress=progress)


def fetch(
    name: str, *, models_dir: Path | None = None, progress: Progress | None = None
) -> ModelFiles:
    """Return the named model, fetched now when it is not in the cache or damaged there."""
    return library(models_dir).fetch(name, progress=progress)


def list_models(*, models_dir: Path | None = None) -> list[ModelRow]:
    """Return every known model and what the cache holds of it.

    Checks sizes, and digests only of files that have changed since they were last checked.
    """
    shelf = library(models_dir)
    return [_row(shelf, spec) for spec in registry.specs()]


def verify(
    names: Sequence[str] = (), *, models_dir: Path | None = None, progress: Progress | None = None
) -> list[ModelRow]:
    """Read every byte of the named models, by default of all cached ones, and say what is wrong.

    Nothing is moved or fetched; loading or fetching a damaged model repairs it. Raises
    ``UnknownModel`` for a name that is not in the registry.
    """
    shelf = library(models_dir)
    if names:
        chosen = list(dict.fromkeys(_known(name) for name in names))
    else:
        chosen = [spec for spec in registry.specs() if shelf.store.has(spec.name)]
    return [_row(shelf, spec, full=True, progress=progress) for spec in chosen]


def _known(name: str) -> ModelSpec:
    spec = registry.find(name)
    if spec is None:
        raise registry.unknown(name)
    return spec


def _row(
    shelf: ModelLibrary, spec: ModelSpec, *, full: bool = False, progress: Progress | None = None
) -> ModelRow:
    checked = shelf.check(spec, full=full, progress=progress)
    if checked.manifest is not None:
        state, size_bytes = ModelState.READY, checked.manifest.size_bytes
    else:
        state = ModelState.DAMAGED if checked.damage else ModelState.ABSENT
        size_bytes = spec.size_bytes
    return ModelRow(
        name=spec.name,
        aliases=spec.aliases,
        size_bytes=size_bytes,
        languages=spec.languages,
        source=spec.source,
        state=state,
        path=None if state is ModelState.ABSENT else shelf.store.folder(spec.name),
        problem=str(checked.damage) if checked.damage else None,
    )
