"""The model cache: one folder per model, put there whole or not at all.

::

    <root>/base/                     a model: its files, manifest.json, .verified.json
    <root>/base.damaged-<time>/      the last one found damaged, kept for a look
    <root>/.staging/base/            a fetch under way, on the same file system
    <root>/.locks/base.lock          held by the process that fetches

A folder becomes visible under its name by one ``rename`` after everything in it has reached the
disk, so a reader needs no lock: it sees a whole model or none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from streaming.models.errors import FetchFailed, cache_unusable, is_no_space, no_space
from streaming.models.manifest import Manifest, remember_verified, write_manifest

_LOCK_TIMEOUT_S = 3600.0  # the largest model over a slow line


class ModelStore:
    """The folders of the cache below ``root`` (created when something is written)."""

    def __init__(self, root: Path, *, lock_timeout_s: float = _LOCK_TIMEOUT_S) -> None:
        self.root = root
        self._lock_timeout_s = lock_timeout_s

    def folder(self, name: str) -> Path:
        """Return where that model lies, or would lie."""
        return self.root / name

    def has(self, name: str) -> bool:
        """Return whether there is anything under that name."""
        return self.folder(name).is_dir()

    @contextlib.contextmanager
    def writing(self, name: str, *, needed_bytes: int) -> Iterator[Path]:
        """Hold the model's lock and give its staging folder.

        Waits while another process fetches the same model. ``OSError`` of the file system comes out
        as ``CacheUnusable``; when the disk is full, the staging folder is emptied first. Otherwise
        what is left in it stays for the next try, which may resume from there.
        """
        staging = self.root / ".staging" / name
        try:
            with self._lock(name, needed_bytes):
                try:
                    staging.mkdir(parents=True, exist_ok=True)
                    yield staging
                except OSError as error:
                    if is_no_space(error):
                        self.discard(staging)
                    raise
        except OSError as error:
            raise cache_unusable(
                error, name=name, root=self.root, needed_bytes=needed_bytes
            ) from error

    def require_space(self, name: str, needed_bytes: int) -> None:
        """Raise ``CacheUnusable`` when the disk has less than that free.

        A damaged copy that was set aside gives way first.
        """
        for last_chance in (False, True):
            if shutil.disk_usage(self.root).free >= needed_bytes:
                return
            if not last_chance:
                self._discard_set_aside(name)
        raise no_space(name=name, root=self.root, needed_bytes=needed_bytes)

    def install(self, staging: Path, manifest: Manifest) -> Path:
        """Make the staged files durable and visible; their digests have just been checked.

        The staging folder must hold the manifest's files and nothing else.
        """
        write_manifest(staging, manifest)
        for file in staging.iterdir():
            _fsync(file)
        _fsync(staging)
        target = self.folder(manifest.name)
        staging.rename(target)
        _fsync(self.root)
        remember_verified(target, manifest)
        return target

    def set_aside(self, name: str) -> Path:
        """Move a damaged model out of the way and return where to; an older such one is removed."""
        self._discard_set_aside(name)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = self.root / f"{name}.damaged-{stamp}"
        self.folder(name).rename(aside)
        return aside

    def _discard_set_aside(self, name: str) -> None:
        for older in self.root.glob(f"{name}.damaged-*"):
            self.discard(older)

    @staticmethod
    def discard(path: Path) -> None:
        """Remove a folder, or a file, and everything in it, as far as that can be done."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()

    @contextlib.contextmanager
    def _lock(self, name: str, needed_bytes: int) -> Iterator[None]:
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / f"{name}.lock", timeout=self._lock_timeout_s)
        try:
            lock.acquire()
        except Timeout as error:
            raise FetchFailed(
                f"model {name!r} is being fetched by another process that does not finish",
                advice=(
                    f"Find the process that holds {lock.lock_file} and end it, or wait for it; "
                    f"then run: wirescribe models fetch {name}"
                ),
            ) from error
        try:
            yield
        finally:
            lock.release()


def _fsync(path: Path) -> None:
    """Push a file or folder to the disk; folders can't be on Windows, and needn't."""
    # Windows flushes only what is open for writing.
    flags = os.O_RDWR if os.name == "nt" else os.O_RDONLY
    if path.is_dir():
        if not hasattr(os, "O_DIRECTORY"):
            return
        flags |= os.O_DIRECTORY
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
