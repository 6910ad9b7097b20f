"""Models by name or directory: found in the cache, checked, and fetched when they must be."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streaming.models import registry
from streaming.models.embedded_fetcher import SPACE_FACTOR, EmbeddedFetcher, pinned_manifest
from streaming.models.errors import DamagedModel, FetchFailed, ModelError
from streaming.models.files import ModelFiles, inspect_directory, managed_files, missing_files
from streaming.models.hub_fetcher import HubFetcher
from streaming.models.manifest import (
    Damage,
    Manifest,
    check_digests,
    check_sizes,
    read_manifest,
    remember_verified,
    was_verified,
)
from streaming.models.progress import FetchProgress, Progress
from streaming.models.registry import ModelSpec
from streaming.models.store import ModelStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """A cached model's manifest, or why it can't be used; both None: it isn't cached."""

    manifest: Manifest | None = None
    damage: Damage | None = None


@dataclass(frozen=True, slots=True)
class ModelLibrary:
    """The registry, one model cache and the two ways to fetch."""

    store: ModelStore
    embedded: EmbeddedFetcher = field(default_factory=EmbeddedFetcher)
    hub: HubFetcher = field(default_factory=HubFetcher)

    def resolve(
        self, name_or_dir: str, *, offline: bool = False, progress: Progress | None = None
    ) -> ModelFiles:
        """Return a model that can be loaded now, fetching or repairing it when that is needed.

        A name of the registry wins over a directory of the same name; write ``./base`` for the
        directory. Raises a ``ModelError``.
        """
        spec = registry.find(name_or_dir)
        if spec is None:
            return self._directory(name_or_dir)
        checked = self.check(spec, progress=progress)
        if checked.manifest is None and offline:
            raise _offline(spec, checked.damage, self.store)
        return self._files(spec, checked.manifest or self._fetch(spec, progress))

    def fetch(self, name: str, *, progress: Progress | None = None) -> ModelFiles:
        """Return the named model from the cache, fetched now when it is not there or damaged."""
        spec = registry.find(name)
        if spec is None:
            raise registry.unknown(name)
        return self.resolve(spec.name, progress=progress)

    def check(
        self, spec: ModelSpec, *, full: bool = False, progress: Progress | None = None
    ) -> Checked:
        """Check a cached model by sizes, and by digests when asked or when they may have changed.

        Reads only, but for the note that the digests were right.
        """
        folder = self.store.folder(spec.name)
        if not folder.is_dir():
            return Checked()
        manifest = _expected(spec, folder)
        if isinstance(manifest, Damage):
            return Checked(damage=manifest)
        if damage := check_sizes(folder, manifest):
            return Checked(damage=damage)
        if full or not was_verified(folder, manifest):
            if damage := check_digests(folder, manifest, _counter(spec, manifest, progress)):
                return Checked(damage=damage)
            remember_verified(folder, manifest)
        return Checked(manifest=manifest)

    def _fetch(self, spec: ModelSpec, progress: Progress | None) -> Manifest:
        needed = round(spec.size_bytes * (SPACE_FACTOR if spec.embedded else 1))
        with self.store.writing(spec.name, needed_bytes=needed) as staging:
            # Another process may have fetched it while this one waited for the lock.
            checked = self.check(spec, progress=progress)
            if checked.manifest is not None:
                return checked.manifest
            if checked.damage is not None:
                aside = self.store.set_aside(spec.name)
                _log.warning(
                    "model %s is damaged (%s); moved to %s, fetching it again",
                    spec.name,
                    checked.damage,
                    aside.name,
                )
            require_space = functools.partial(self.store.require_space, spec.name)
            if spec.embedded is not None:
                require_space(needed)
                manifest = self.embedded.fetch(spec, spec.embedded, staging, progress)
            else:
                manifest = self.hub.fetch(spec, staging, progress, require_space)
            self.store.install(staging, manifest)
            _log.info("model %s fetched: %s", spec.name, manifest.source)
            return manifest

    def _files(self, spec: ModelSpec, manifest: Manifest) -> ModelFiles:
        return managed_files(
            spec,
            self.store.folder(spec.name),
            size_bytes=manifest.size_bytes,
            digest=manifest.digest,
        )

    @staticmethod
    def _directory(given: str) -> ModelFiles:
        try:
            path = Path(given).expanduser()
            is_directory = given != "" and path.is_dir()
        except (RuntimeError, OSError, ValueError):
            is_directory = False  # no such home, too long, a NUL: no directory in any case
        if not is_directory:
            raise registry.unknown(given)
        return inspect_directory(path)


def _expected(spec: ModelSpec, folder: Path) -> Manifest | Damage:
    """Return what must be there: the registry's pins, or what was noted when it was fetched."""
    if spec.embedded is not None:
        return pinned_manifest(spec, spec.embedded)
    manifest = read_manifest(folder)
    if isinstance(manifest, Manifest) and (missing := missing_files(manifest.files)):
        return Damage(None, f"lists no {missing[0]}")
    return manifest


def _counter(
    spec: ModelSpec, manifest: Manifest, progress: Progress | None
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    report, done = progress, 0

    def count(length: int) -> None:
        nonlocal done
        done += length
        report(FetchProgress(spec.name, "verify", done, manifest.size_bytes))

    return count


def _offline(spec: ModelSpec, damage: Damage | None, store: ModelStore) -> ModelError:
    advice = (
        f"Fetch it once with a network: wirescribe models fetch {spec.name}; or copy the folder "
        f"{store.folder(spec.name)} from a machine that has it; or give the path of a model "
        "directory instead of the name."
    )
    if damage is not None:
        return DamagedModel(
            f"model {spec.name!r} is damaged ({damage}) and fetching is switched off", advice=advice
        )
    return FetchFailed(
        f"model {spec.name!r} is not in the cache and fetching is switched off", advice=advice
    )
