"""How far the ends of words, as a server gives them, lie from the references'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from load.alignment import align
from load.latency import SpokenWord
from load.text import fold
from streaming.decoding import Word


@dataclass(frozen=True, slots=True)
class TimeErrors:
    """Distances in milliseconds; ``bias`` is their median with sign, positive where we are late."""

    words: int
    median: float
    p90: float
    bias: float


def end_errors(spoken: Sequence[SpokenWord], heard: Sequence[Word]) -> list[float]:
    """Our end − reference end, in ms, of each word that was heard as it was spoken."""
    timed = [(fold(word.text), word.end_ms) for word in heard if word.end_ms is not None]
    known = [(text, end_ms) for text, end_ms in timed if text]
    pairs = align(
        [word.text for word in spoken],
        [text for text, _ in known],
        left_times=[word.about_s for word in spoken],
        right_times=[end_ms / 1000 for _, end_ms in known],
    )
    return [
        known[pair.right][1] - 1000 * end_s
        for pair in pairs
        if pair.same and (end_s := spoken[pair.left].end_s) is not None
    ]


def time_errors(errors: Sequence[float]) -> TimeErrors | None:
    """Their summary; None where there are none."""
    if not errors:
        return None
    apart = np.abs(errors)
    return TimeErrors(
        words=len(errors),
        median=float(np.median(apart)),
        p90=float(np.percentile(apart, 90)),
        bias=float(np.median(errors)),
    )
