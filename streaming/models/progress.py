"""How far a fetch has come, measured by what lies on disk.

Package installers and hub libraries report progress each in its own way, and differently from
version to version; the size of the folder they write into is the same for all.
"""

from __future__ import annotations

import contextlib
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_INTERVAL_S = 0.25
_STAT_BLOCK_BYTES = 512  # POSIX: st_blocks counts these, whatever the file system's own block is


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """A step of a fetch: which model, what is being done, how many bytes of about how many.

    ``stage`` is ``"download"``, ``"assemble"`` or ``"verify"``. ``done_bytes`` never exceeds
    ``total_bytes``.
    """

    name: str
    stage: str
    done_bytes: int
    total_bytes: int


Progress = Callable[[FetchProgress], None]
"""Called now and then during a fetch, possibly from another thread; must be quick."""


def folder_bytes(folder: Path) -> int:
    """Return the bytes held by the files below a folder; files that vanish meanwhile count as 0."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            info = path.lstat()
            if stat.S_ISREG(info.st_mode):
                # A file laid out in advance is long before it is full: count the smaller figure.
                blocks = getattr(info, "st_blocks", None)
                held = info.st_size if blocks is None else blocks * _STAT_BLOCK_BYTES
                total += min(info.st_size, held)
    return total


@contextlib.contextmanager
def watch_folder(
    folder: Path,
    *,
    name: str,
    total_bytes: int,
    progress: Progress | None,
    interval_s: float = _INTERVAL_S,
) -> Iterator[None]:
    """Report how a folder fills, as stage ``"download"``, until the block is left."""
    if progress is None:
        yield
        return
    report = progress
    left = threading.Event()

    def watch() -> None:
        while True:
            done = min(folder_bytes(folder), total_bytes)
            report(FetchProgress(name, "download", done, total_bytes))
            if left.wait(interval_s):
                return

    thread = threading.Thread(target=watch, name=f"fetch-progress-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()
