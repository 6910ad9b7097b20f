"""Two models behind one seam: a small one for partials, a large one for what stays.

A partial is gone in half a second, a final is kept. So the small model draws the words while they
are spoken, and the large one decides them. Both sit on the same device and share its workers:
whoever calls :meth:`TieredEngine.decode` from one thread uses one thread's worth of the device,
whichever model answers.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

from streaming.decoding import DecodeRequest, Hypothesis, Kind, Task
from streaming.engine.base import BatchKey, Engine, EngineInfo


class TieredEngine:
    """An :class:`~streaming.engine.base.Engine` of two: partials from one, the rest from the other.

    What the small model can't do as well the large one does for partials too, so that adding a
    small model takes nothing away: languages it doesn't know; finding out the language, for the
    answer to a partial decides the segment's; and translation, which ``large-v3-turbo``, the small
    model to a GPU's ``large-v3``, was trained without.
    """

    def __init__(self, large: Engine, small: Engine) -> None:
        self._large = large
        self._small = small
        self._info = dataclasses.replace(
            large.info,
            partial_model=small.info.model,
            concurrency=min(large.info.concurrency, small.info.concurrency),
            max_batch=min(large.info.max_batch, small.info.max_batch),
        )

    @property
    def info(self) -> EngineInfo:
        """The large model's, with the small one's name beside it."""
        return self._info

    def batch_key(self, request: DecodeRequest) -> BatchKey:
        """As the model that will answer has it; no batch holds requests for both."""
        small = self._is_for_small(request)
        key = (self._small if small else self._large).batch_key(request)
        return BatchKey((small, key.alike), key.length)

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Decode requests of one batch key by the model that they are for."""
        if not requests:
            return []
        engine = self._small if self._is_for_small(requests[0]) else self._large
        return engine.decode(requests, beam=beam)

    def memory_used_bytes(self) -> int | None:
        """Memory in use on the accelerator that both are on.

        Each tells what the whole device has in use, the other model included: their sum would
        count everything twice.
        """
        told = (self._large.memory_used_bytes(), self._small.memory_used_bytes())
        return max((used for used in told if used is not None), default=None)

    def stage_seconds(self) -> Mapping[str, float]:
        """Where the time of both has gone."""
        total: Counter[str] = Counter()
        for engine in (self._large, self._small):
            total.update(engine.stage_seconds())
        return dict(total)

    def close(self) -> None:
        """Free both; the large one also if the small one fails at it."""
        try:
            self._small.close()
        finally:
            self._large.close()

    def _is_for_small(self, request: DecodeRequest) -> bool:
        return (
            request.kind is Kind.PARTIAL
            and request.task is Task.TRANSCRIBE
            and request.language.fixed in self._small.info.languages
        )
