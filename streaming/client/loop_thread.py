"""An event loop on a thread of its own, for callers that have none."""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from streaming.client.errors import ClientError, UsageError

T = TypeVar("T")

# A wait without an end can't be interrupted by Ctrl-C everywhere (on Windows it can't).
_SLICE_S = 1.0
_STOP_S = 5.0

_running: WeakSet[LoopThread] = WeakSet()


class LoopThread:
    """Runs coroutines for callers of any thread, who wait for what comes of them.

    The thread is a daemon: an interpreter that ends does not wait for it, but stops it in good
    order before (``atexit``), so that nobody is left waiting for a thread that is gone.
    """

    def __init__(self, name: str) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._stopped = False
        self._submitting = threading.Lock()
        began: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, args=(began,), name=name, daemon=True)
        self._thread.start()
        began.result()
        _running.add(self)

    def call(self, make: Callable[[], Coroutine[Any, Any, T]], timeout_s: float | None = None) -> T:
        """Run what ``make`` makes there; return what it returns, raise what it raises.

        Raises ``TimeoutError`` when it takes longer. Then, and when the waiting is interrupted, by
        Ctrl-C for one, the work is cancelled. It is made there, too: an interrupt may come anywhere
        and would leave behind a coroutine that nobody runs.
        """
        loop = self._loop
        if threading.current_thread() is self._thread:
            raise UsageError("called from the stream's own thread, which would wait for itself")
        job = _Job(make, timeout_s)
        try:
            with self._submitting:
                if self._stopped or loop is None:
                    raise ClientError("the stream is closed", code="aborted", retryable=False)
                loop.call_soon_threadsafe(job.start)
            while not job.done.done():
                wait([job.done], _SLICE_S)
            return job.done.result()
        except CancelledError:
            raise ClientError("the stream was aborted", code="aborted", retryable=False) from None
        except BaseException:
            if loop is not None:
                with suppress(RuntimeError):  # the loop is closed already
                    loop.call_soon_threadsafe(job.cancel)
            raise

    def stop(self) -> None:
        """Cancel what runs there and end the thread; may be repeated, and while others wait."""
        with self._submitting:
            first, self._stopped = not self._stopped, True
        if first and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._stop.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(_STOP_S)
        _running.discard(self)

    def _serve(self, began: Future[None]) -> None:
        async def until_stopped() -> None:
            self._loop = asyncio.get_running_loop()
            began.set_result(None)
            await self._stop.wait()

        asyncio.run(until_stopped())  # which cancels whatever else runs, and waits for its end


class _Job(Generic[T]):
    """Work that a caller waits for; ``start`` and ``cancel`` are called in the loop."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]], timeout_s: float | None) -> None:
        self._make = make
        self._timeout_s = timeout_s
        self._task: asyncio.Task[T] | None = None
        self.done: Future[T] = Future()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._finish)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> T:
        # Here, not where the caller waits: what runs out of time has taken nothing.
        async with asyncio.timeout(self._timeout_s):
            return await self._make()

    def _finish(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.done.cancel()
            self.done.set_running_or_notify_cancel()
        elif (fault := task.exception()) is not None:
            self.done.set_exception(fault)
        else:
            self.done.set_result(task.result())


def _stop_all() -> None:
    until = time.monotonic() + _STOP_S
    for each in list(_running):
        if time.monotonic() < until:
            each.stop()


atexit.register(_stop_all)
