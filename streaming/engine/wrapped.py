"""An engine around another one, for those that change or watch only some of what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.base import BatchKey, Engine, EngineInfo


class WrappedEngine:
    """An :class:`~streaming.engine.base.Engine` that hands everything on to the one inside."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner

    @property
    def info(self) -> EngineInfo:
        """What the engine inside is."""
        return self._inner.info

    def batch_key(self, request: DecodeRequest) -> BatchKey:
        """As the engine inside has it."""
        return self._inner.batch_key(request)

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Have the engine inside decode; raises what it raises."""
        return self._inner.decode(requests, beam=beam)

    def memory_used_bytes(self) -> int | None:
        """What the engine inside uses of its accelerator's memory."""
        return self._inner.memory_used_bytes()

    def stage_seconds(self) -> Mapping[str, float]:
        """Where the time of the engine inside has gone."""
        return self._inner.stage_seconds()

    def close(self) -> None:
        """Close the engine inside."""
        self._inner.close()
