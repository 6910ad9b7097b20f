"""An engine that fails as a test has planned, around one that would not."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from streaming.decoding import DecodeRequest, Hypothesis, Word
from streaming.engine.base import Engine
from streaming.engine.wrapped import WrappedEngine

Decode = Callable[[], list[Hypothesis]]
Fault = Callable[[Decode], Any]


def raises(error: BaseException) -> Fault:
    """The call raises."""

    def fault(decode: Decode) -> list[Hypothesis]:
        raise error

    return fault


class Hang:
    """The call does not return before the test lets it; then it answers, as if nothing were."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self._over = threading.Event()

    def __call__(self, decode: Decode) -> list[Hypothesis]:
        self.entered.release()
        assert self._over.wait(30), "the test never ended the hang"
        return decode()

    def end(self) -> None:
        """Let it return."""
        self._over.set()


def changed(**fields: Any) -> Fault:
    """The answers have other values in these fields."""
    return lambda decode: [replace(answer, **fields) for answer in decode()]


def with_word(*args: Any) -> Fault:
    """Each answer's only word is this."""
    return changed(words=(Word(*args),))


def short(decode: Decode) -> list[Hypothesis]:
    """An answer is missing."""
    return decode()[:-1]


def nothing(decode: Decode) -> Any:
    """What comes back is no list."""
    return None


class FaultyEngine(WrappedEngine):
    """An :class:`~streaming.engine.base.Engine` whose calls meet ``faults``, one after the other.

    A fault of None is a call that goes well, as all do after the last. ``memory_rows`` is how many
    requests there is memory for; ``always`` is met by every call, the planned ones first.
    """

    def __init__(
        self,
        engine: Engine,
        *faults: Fault | None,
        memory_rows: int | None = None,
        always: Fault | None = None,
    ) -> None:
        super().__init__(engine)
        self._plan = deque(faults)
        self._lock = threading.Lock()
        self.memory_rows = memory_rows
        self.always = always
        self.rows: list[int] = []
        self.closed = False

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        with self._lock:
            self.rows.append(len(requests))
            fault = self._plan.popleft() if self._plan else self.always
        if self.memory_rows is not None and len(requests) > self.memory_rows:
            raise RuntimeError("CUDA failed with error out of memory")
        if fault is None:
            return super().decode(requests, beam=beam)
        answers: list[Hypothesis] = fault(lambda: self._inner.decode(requests, beam=beam))
        return answers

    def close(self) -> None:
        self.closed = True
        super().close()


class Counted:
    """Remembers the faults it hears of."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.restarts: list[str] = []
        self.requeued = 0

    def engine_fault(self, kind: str) -> None:
        self.faults.append(kind)

    def engine_restarted(self, outcome: str) -> None:
        self.restarts.append(outcome)

    def requests_requeued(self, count: int) -> None:
        self.requeued += count
