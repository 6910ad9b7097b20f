"""A model of the hub: chosen files, fetched with patience and held to the hub's own digests."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from streaming.models.errors import FetchFailed
from streaming.models.files import missing_files, wanted_files
from streaming.models.hub import Hub, HubError, HubFile, HubSnapshot, HuggingFaceHub
from streaming.models.manifest import FileDigest, Manifest, sha256_of
from streaming.models.progress import FetchProgress, Progress, folder_bytes, watch_folder
from streaming.models.registry import ModelSpec
from streaming.models.retry import Retry
from streaming.models.store import ModelStore

_log = logging.getLogger(__name__)
_CHUNK_BYTES = 1 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HubFetcher:
    """Fetches a hub model into a staging folder; the hub and patience are injected."""

    hub: Hub = field(default_factory=HuggingFaceHub)
    retry: Retry = field(default_factory=Retry)

    def fetch(
        self,
        spec: ModelSpec,
        staging: Path,
        progress: Progress | None,
        require_space: Callable[[int], None],
    ) -> Manifest:
        """Fill ``staging`` with the model's files and nothing else, each checked by digest.

        ``require_space`` is told how many bytes are still to come and raises when they don't fit.
        Raises ``FetchFailed``, or ``OSError`` when the disk is full. What is there when it fails is
        taken up by the next try.
        """
        try:
            snapshot = self._patiently(spec, lambda: self.hub.describe(spec.repo))
            files = _chosen(spec, snapshot)
            total = sum(file.size_bytes or 0 for file in files) or spec.size_bytes
            require_space(max(0, total - folder_bytes(staging)))
            with watch_folder(staging, name=spec.name, total_bytes=total, progress=progress):
                digests = {
                    file.name: self._patiently(
                        spec, functools.partial(self._one, snapshot, file, staging)
                    )
                    for file in files
                }
        except HubError as error:
            raise _failed(spec, error) from error
        if progress is not None:
            progress(FetchProgress(spec.name, "verify", total, total))
        for extra in staging.iterdir():
            if extra.name not in digests:
                ModelStore.discard(extra)
        return Manifest(spec.name, f"hub: {spec.repo}@{snapshot.revision}", digests)

    def _one(self, snapshot: HubSnapshot, file: HubFile, staging: Path) -> FileDigest:
        """Fetch one file and return its digest; a wrong one is removed and may be tried again."""
        self.hub.download(snapshot, file, staging)
        path = staging / file.name
        digest = FileDigest(path.stat().st_size, sha256_of(path))
        if not _is_right(file, digest, path):
            path.unlink()
            raise HubError(
                f"{file.name} came with another digest than the hub states",
                kind="network",
                lasting=False,
            )
        return digest

    def _patiently(self, spec: ModelSpec, work: Callable[[], T]) -> T:
        def announce(error: Exception, pause_s: float) -> None:
            _log.warning("fetching model %s: %s; trying again in %.1f s", spec.name, error, pause_s)

        return self.retry.run(
            work,
            may_retry=lambda error: isinstance(error, HubError) and not error.lasting,
            on_retry=announce,
        )


def _chosen(spec: ModelSpec, snapshot: HubSnapshot) -> list[HubFile]:
    by_name = {file.name: file for file in snapshot.files}
    if missing := missing_files(by_name):
        raise FetchFailed(
            f"model {spec.name!r}: {snapshot.repo} lacks {', '.join(missing)}",
            advice="The repository has changed; choose another model, or give a directory.",
        )
    return [by_name[name] for name in wanted_files(by_name)]


def _is_right(file: HubFile, digest: FileDigest, path: Path) -> bool:
    if file.size_bytes is not None and file.size_bytes != digest.size_bytes:
        return False
    if file.sha256 is not None:
        return file.sha256 == digest.sha256
    return file.git_blob is None or file.git_blob == git_blob_id(path)


def git_blob_id(path: Path) -> str:
    """Return git's name of the file's content: SHA-1 over a header and the bytes."""
    digest = hashlib.sha1(usedforsecurity=False)
    digest.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


_ADVICE = {
    "offline": "Unset HF_HUB_OFFLINE and run: wirescribe models fetch {name}",
    "refused": (
        "Set HF_TOKEN to a token that may read {repo}, then run: wirescribe models fetch {name}"
    ),
    "missing": "Choose another model (wirescribe models list).",
    "network": (
        "Check the network, proxy variables and HF_ENDPOINT, then run: "
        "wirescribe models fetch {name} (it goes on where it stopped)."
    ),
}
_ALWAYS = (
    " Without a hub: copy the model's folder from another machine and give its path instead of "
    "the name, or use the embedded model 'base'."
)


def _failed(spec: ModelSpec, error: HubError) -> FetchFailed:
    advice = _ADVICE.get(error.kind, _ADVICE["network"])
    return FetchFailed(
        f"model {spec.name!r} could not be fetched: {error.reason}",
        advice=advice.format(name=spec.name, repo=spec.repo) + _ALWAYS,
    )
