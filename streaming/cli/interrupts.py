"""Ctrl-C, first and second time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from types import FrameType, TracebackType


class Interrupts:
    """While the block runs, the first signal calls ``first``, the second ends the task.

    SIGTERM counts as Ctrl-C. Needs the main thread; elsewhere (in tests) signals stay as they
    are. :attr:`came` says whether there was one.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self, first: Callable[[], None]) -> None:
        self._first = first
        self._before: dict[int, object] = {}
        self._task: asyncio.Task[object] | None = None
        self.came = False

    def __enter__(self) -> Interrupts:
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def caught(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.interrupt)

        with contextlib.suppress(ValueError):  # not the main thread
            for number in self._SIGNALS:
                self._before[number] = signal.signal(number, caught)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def interrupt(self) -> None:
        """Do what a signal does."""
        if not self.came:
            self.came = True
            self._first()
        elif self._task is not None:
            self._task.cancel()
