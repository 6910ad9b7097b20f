"""One decoding thread and the engine it calls; what fails is tried again here.

What may go wrong with a batch, and what is done about it:

- the engine raises, or answers rubbish: each request without an answer is decoded alone, finals
  up to three times, so that one can't spoil the others;
- memory runs out: the batch is halved, and the halves are; larger ones are left for a while;
- nothing can be decoded, silence neither: the engine is broken, and no request is to blame.

An engine that never returns is for the supervisor to notice.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from streaming.answers import Rubbish, check_answer, check_count
from streaming.batching import Job
from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.faults import out_of_memory
from streaming.faults import Faults
from streaming.heartbeat import Call
from streaming.logs import get_logger
from streaming.station import Holder, Station
from streaming.threads import CallThread, Crashed, Outcome
from streaming.warmup import silence

_log = get_logger(__name__)
_ATTEMPTS = 3
_PAUSE_S = 0.2  # before the next attempt, when memory ran out: others give theirs back


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a batch: an answer or None for each request, and the first error."""

    answers: Sequence[Hypothesis | None]
    cause: Exception | None = None
    broken: bool = False


class Worker:
    """Decodes batches with its station's engine, one at a time."""

    def __init__(self, number: int, station: Station, faults: Faults) -> None:
        self.number = number
        self.station = station
        self.jobs: Sequence[Job] = ()
        self.task: asyncio.Task[None] | None = None
        self._faults = faults
        self._thread = CallThread(f"decode-{number}")
        self._call: Call | None = None

    async def decode(self, requests: Sequence[DecodeRequest], beam: int) -> Decoded:
        """Decode requests that share a batch key; raises nothing that an engine causes."""
        answers: list[Hypothesis | None] = [None] * len(requests)
        cause: Exception | None = None
        alone: list[int] = []
        batches = deque([list(range(len(requests)))])
        while batches:
            rows = batches.popleft()
            most = self.station.rows.most(time.monotonic())
            if len(rows) > most:
                batches.extendleft([rows[most:], rows[:most]])
                continue
            found, error = await self._together([requests[row] for row in rows], beam)
            cause = cause or error
            if out_of_memory(error):
                beam = 1
            if out_of_memory(error) and len(rows) > 1:
                self.station.rows.ran_out(len(rows), time.monotonic())
                batches.appendleft(rows)
                continue
            for row, answer in zip(rows, found, strict=True):
                answers[row] = answer
            alone += [row for row in rows if answers[row] is None]
        for row in alone:
            answers[row] = await self._alone(requests[row], beam)
        broken = all(answer is None for answer in answers) and (
            not out_of_memory(cause) and await self._broken()
        )
        return Decoded(answers, cause, broken)

    async def turn(self) -> None:
        """Return when the thread has had its turn."""
        await self._thread.call(_nothing)

    def overdue(self, now: float) -> bool:
        """Whether its engine has not returned for so long that it won't."""
        return self._call is not None and self.station.heartbeat.overdue(self._call, now)

    def give_up(self) -> None:
        """Leave the thread in a call that does not return; its answers are dropped."""
        if self._call is not None:
            self.station.heartbeat.give_up(self._call)
        self.leave()

    def leave(self) -> None:
        """Decode nothing more; the answers of a call in progress are dropped."""
        if self.task is not None:
            self.task.cancel()
        self._thread.close()

    async def left(self) -> None:
        """Return when the thread has ended, with the call in progress."""
        await self._thread.closed()

    # -- attempts ------------------------------------------------------------------------------

    async def _together(
        self, requests: Sequence[DecodeRequest], beam: int = 1
    ) -> tuple[Sequence[Hypothesis | None], Exception | None]:
        """Decode requests in one call: an answer or None for each, and the error if any."""
        outcome = await self._decode(requests, beam)
        error = outcome.error
        answers: list[Hypothesis | None] = [None] * len(requests)
        if error is None:
            try:
                found = check_count(len(requests), outcome.value)
            except Rubbish as rubbish:
                error, found = rubbish, []
            for row, answer in enumerate(found):
                try:
                    answers[row] = check_answer(requests[row], answer)
                except Rubbish as rubbish:
                    error = rubbish
        if error is not None:
            self._faults.engine_fault(_kind(error))
            # Ours tell what is safe to be told; others might quote what was said.
            detail = str(error) if isinstance(error, Rubbish | Crashed) else None
            _log.warning(
                "decode_failed", rows=len(requests), error=type(error).__name__, detail=detail
            )
        return answers, error

    async def _alone(self, request: DecodeRequest, beam: int) -> Hypothesis | None:
        """Decode one request of a failed batch by itself; a partial isn't worth a second try."""
        for attempt in range(_ATTEMPTS if request.kind is Kind.FINAL else 1):
            (answer,), error = await self._together([request], beam)
            if answer is not None:
                return answer
            if out_of_memory(error):
                beam = 1
                await asyncio.sleep(_PAUSE_S * 2**attempt)
        return None

    async def _broken(self) -> bool:
        """Whether the engine can't even decode silence."""
        request = silence(self.station.engine, Kind.PARTIAL, 2)
        for _ in range(_ATTEMPTS):
            (answer,), _error = await self._together([request])
            if answer is not None:
                return False
        return True

    async def _decode(self, requests: Sequence[DecodeRequest], beam: int) -> Outcome[object]:
        if not self._thread.alive:
            self._thread = CallThread(f"decode-{self.number}")
        holder, heartbeat = self.station.holder, self.station.heartbeat
        decode = functools.partial(holder.engine.decode, requests, beam=beam)
        call = self._call = heartbeat.begin(requests, time.monotonic())
        holder.borrow()
        # The worker's task may be cancelled, and the call come back much later.
        future: asyncio.Future[Outcome[object]] = asyncio.ensure_future(self._thread.call(decode))
        future.add_done_callback(functools.partial(self._returned, holder, call))
        return await asyncio.shield(future)

    def _returned(
        self, holder: Holder, call: Call, future: asyncio.Future[Outcome[object]]
    ) -> None:
        now = time.monotonic()
        self.station.heartbeat.end(call, now)
        holder.give_back()
        if self._call is call:
            self._call = None
        if call.given_up:
            _log.warning("stuck_engine_returned", after_s=round(now - call.began, 1))


def _kind(error: Exception) -> str:
    if isinstance(error, Rubbish):
        return "rubbish"
    if isinstance(error, Crashed):
        return "crashed"
    return "out_of_memory" if out_of_memory(error) else "error"


def _nothing() -> None:
    """What a thread does when it is only asked whether it lives."""
