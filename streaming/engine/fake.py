"""An engine without a model: says what a script tells it, for tests of everything around it.

By default it "hears" one word for every 400 ms of audio louder than silence, always the same
ones for the same stretch of the stream, so that partials grow and finals agree with them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from streaming.decoding import SAMPLES_PER_MS, DecodeRequest, Hypothesis, LanguageChoice, Word
from streaming.engine.base import BatchKey, EngineInfo
from streaming.engine.stages import DECODER, StageTimes

_WORD_MS = 400
_LOUD = 0.01
Script = Callable[[DecodeRequest], Hypothesis]


def count_words(request: DecodeRequest) -> Hypothesis:
    """Name every loud 400 ms of the stream by its number: ``w0 w1 w2 …``."""
    words: list[Word] = []
    step = _WORD_MS * SAMPLES_PER_MS
    for number in range(-(-request.start_sample // step), request.end_sample // step):
        start = number * step - request.start_sample
        stretch = request.audio[start : start + step]
        if float(np.sqrt(np.mean(np.square(stretch)))) < _LOUD:
            continue
        at = start // SAMPLES_PER_MS
        words.append(Word(f" w{number}", at, at + _WORD_MS, 0.9))
    return Hypothesis(
        text="".join(word.text for word in words).strip(),
        words=tuple(words),
        language=_spoken(request.language),
        language_confidence=request.language.confidence if request.language.fixed else 0.9,
        average_logprob=-0.1,
        no_speech=0.05,
        token_count=len(words),
    )


def _spoken(choice: LanguageChoice) -> str:
    """The language asked for, or else the one heard so far, or the first it may be, or English."""
    if choice.fixed:
        return choice.fixed
    return choice.current or (*choice.allowed, "en")[0]


class FakeEngine:
    """A scripted :class:`~streaming.engine.base.Engine`.

    ``script`` answers each request; whatever it raises is the engine's failure. ``delay_s`` is
    slept for every batch, like a model would take its time. ``batches`` records what was asked.
    """

    def __init__(
        self,
        script: Script = count_words,
        *,
        delay_s: float = 0.0,
        concurrency: int = 1,
        max_batch: int = 8,
        languages: Sequence[str] = ("en", "de", "fr", "zh"),
    ) -> None:
        self._script = script
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._info = EngineInfo(
            model="fake",
            device="cpu",
            compute_type="none",
            languages=tuple(languages),
            concurrency=concurrency,
            max_batch=max_batch,
        )
        self.batches: list[list[DecodeRequest]] = []
        self.closed = False
        self._stages = StageTimes()

    @property
    def info(self) -> EngineInfo:
        """What it pretends to be."""
        return self._info

    def batch_key(self, request: DecodeRequest) -> BatchKey:
        """Everything goes with everything of its kind."""
        return BatchKey(request.again)

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Answer by the script."""
        with self._lock:
            self.batches.append(list(requests))
        with self._stages.spent_on(DECODER):
            if self._delay_s:
                time.sleep(self._delay_s)
            return [self._script(request) for request in requests]

    def memory_used_bytes(self) -> int | None:
        """None: it has no accelerator."""
        return None

    def stage_seconds(self) -> Mapping[str, float]:
        """Its only stage is the decoder."""
        return self._stages.seconds()

    def close(self) -> None:
        """Remember having been closed."""
        self.closed = True
