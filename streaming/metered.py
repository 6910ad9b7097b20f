"""Timed from outside: an engine and a voice detector that tell the metrics how long they took."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.base import Engine
from streaming.engine.wrapped import WrappedEngine
from streaming.metrics import Metrics
from streaming.vad import Activity, VadConfig, VoiceDetector


class MeteredEngine(WrappedEngine):
    """An :class:`~streaming.engine.base.Engine` around another one, which does the work."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        super().__init__(engine)
        self._metrics = metrics

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Decode, against the clock; raises what the engine raises."""
        began = time.perf_counter()
        try:
            answers = super().decode(requests, beam=beam)
        except Exception:
            self._metrics.decode_failed()
            raise
        self._metrics.decoded(requests, time.perf_counter() - began)
        return answers


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
