"""Where an engine's time goes: seconds spent in each stage of decoding."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

FEATURES = "features"
ENCODER = "encoder"
LANGUAGE = "language"
DECODER = "decoder"
ALIGN = "align"
WORDS = "words"
STAGES = (FEATURES, ENCODER, LANGUAGE, DECODER, ALIGN, WORDS)


class StageTimes:
    """Adds up seconds of wall time per stage, over all of an engine's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def spent_on(self, stage: str) -> Iterator[None]:
        """Count the time inside the block; what fails has taken its time too."""
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            with self._lock:
                self._seconds[stage] += seconds

    def seconds(self) -> Mapping[str, float]:
        """Return a copy of the sums so far."""
        with self._lock:
            return dict(self._seconds)
