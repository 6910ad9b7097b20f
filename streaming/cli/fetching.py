"""Progress of a fetch: a bar on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import threading
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from streaming.models import FetchProgress

_DOING = {"download": "fetching", "assemble": "assembling", "verify": "verifying"}


class FetchBar:
    """Shows what :meth:`report` is told, from the first report until the block is left.

    Verifying is shown on a terminal only: a line about each time would be noise in a log.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._told: set[tuple[str, str]] = set()
        self._progress: Progress | None = None

    def __enter__(self) -> FetchBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None

    def report(self, progress: FetchProgress) -> None:
        """Show a step; may be called from any thread."""
        with self._lock:
            if self._console.is_terminal and not self._console.is_dumb_terminal:
                self._draw(progress)
            else:
                self._tell(progress)

    def _draw(self, step: FetchProgress) -> None:
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._progress.start()
        key = (step.name, step.stage)
        if key not in self._tasks:
            for task in self._tasks.values():
                self._progress.update(task, visible=False)
            self._tasks[key] = self._progress.add_task(
                f"{_DOING.get(step.stage, step.stage)} {step.name}", total=step.total_bytes
            )
        self._progress.update(self._tasks[key], completed=step.done_bytes, total=step.total_bytes)

    def _tell(self, step: FetchProgress) -> None:
        key = (step.name, step.stage)
        if key in self._told or step.stage == "verify":
            return
        self._told.add(key)
        size = f" ({step.total_bytes / 1e6:.0f} MB)" if step.stage == "download" else ""
        self._console.print(
            f"{_DOING.get(step.stage, step.stage)} model {step.name}{size} …", highlight=False
        )
