"""Timed from outside: an engine and a voice detector that tell the metrics how long they took."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.base import Engine, EngineInfo
from streaming.metrics import Metrics
from streaming.vad import Activity, VadConfig, VoiceDetector


class MeteredEngine:
    """An :class:`~streaming.engine.base.Engine` around another one, which does the work."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics

    @property
    def info(self) -> EngineInfo:
        """What the engine is."""
        return self._engine.info

    def batch_key(self, request: DecodeRequest) -> Hashable:
        """As the engine has it."""
        return self._engine.batch_key(request)

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Decode, against the clock; raises what the engine raises."""
        began = time.perf_counter()
        try:
            answers = self._engine.decode(requests, beam=beam)
        except Exception:
            self._metrics.decode_failed()
            raise
        self._metrics.decoded(requests, time.perf_counter() - began)
        return answers

    def memory_used_bytes(self) -> int | None:
        """What the engine uses of its accelerator's memory."""
        return self._engine.memory_used_bytes()

    def stage_seconds(self) -> Mapping[str, float]:
        """Where the engine's time has gone."""
        return self._engine.stage_seconds()

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()


class MeteredDetector(VoiceDetector):
    """A voice detector whose time is counted."""

    def __init__(self, metrics: Metrics, config: VadConfig) -> None:
        super().__init__(config)
        self._metrics = metrics

    def judge(self, frames: npt.NDArray[np.float32]) -> list[Activity]:
        """Judge frames of shape (n, 320), against the processor's clock."""
        began = time.thread_time()
        try:
            return super().judge(frames)
        finally:
            self._metrics.voice_detected(time.thread_time() - began)
