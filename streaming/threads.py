"""A thread that makes calls for an event loop, and that can be left behind when one hangs.

``concurrent.futures`` joins its threads when the process ends and has no way to do without one
that never returns; and an exception that Python gives a meaning of its own (``StopIteration``,
``SystemExit``, ``CancelledError``), raised by what was called, would hang or end whoever awaits it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Crashed(RuntimeError):
    """What was called ended in a way that no call should, or its thread did."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of a call: its value, or else its error."""

    value: T | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """A call to make, and who waits for it."""

    function: Callable[[], Any]
    future: asyncio.Future[Outcome[Any]]


class CallThread:
    """One daemon thread; calls are made one after the other, in the order of their asking."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._waiting: set[_Pending] = set()
        self._over = asyncio.Event()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can be called."""
        return not self._over.is_set()

    def call(self, function: Callable[[], T]) -> asyncio.Future[Outcome[T]]:
        """Have a function called; whatever happens, the future gets an outcome, no exception.

        Cancelling the future does not stop the call.
        """
        pending = _Pending(function, self._loop.create_future())
        self._waiting.add(pending)
        self._calls.put(pending)
        if not self.alive:
            self._end()
        return pending.future

    def close(self) -> None:
        """Make no more calls after those asked for."""
        self._calls.put(None)

    async def closed(self) -> None:
        """Return when the thread has ended."""
        await self._over.wait()

    def _run(self) -> None:
        try:
            while (pending := self._calls.get()) is not None:
                if not self._tell(self._settle, pending, _outcome(pending.function)):
                    return
                del pending  # its audio is not kept until the next call
        finally:
            self._tell(self._end)

    def _tell(self, told: Callable[..., None], *arguments: object) -> bool:
        """Have something done on the loop; False when that is closed, and nobody waits."""
        try:
            self._loop.call_soon_threadsafe(told, *arguments)
        except RuntimeError:
            return False
        return True

    def _settle(self, pending: _Pending, outcome: Outcome[Any]) -> None:
        self._waiting.discard(pending)
        if not pending.future.done():
            pending.future.set_result(outcome)

    def _end(self) -> None:
        self._over.set()
        for pending in list(self._waiting):
            self._settle(pending, Outcome(error=Crashed("the thread has ended")))


def _outcome(function: Callable[[], T]) -> Outcome[T]:
    try:
        return Outcome(function())
    except Exception as error:
        return Outcome(error=error)
    except BaseException as error:
        crashed = Crashed(f"the call raised {type(error).__name__}")
        crashed.__cause__ = error
        return Outcome(error=crashed)
