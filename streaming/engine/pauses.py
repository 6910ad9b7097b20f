"""Word boundaries put where the sound says they are.

The alignment of Whisper's attention places the boundary between two words well as long as they
follow each other, but for a lead or a lag that each model has of its own: ``base`` runs 40 ms
ahead of the sound, ``tiny.en`` 110 ms behind. In a pause it has nothing to hold on to: the silence
goes to one of the words, so that a word before a pause ends 0.3 s late, or one behind it starts as
much too early. The samples know better: a pause is a stretch clearly quieter than the speech
around it. Measured with ``base`` against a forced alignment by another kind of model (Gaussian
mixtures, 506 English words), the median error next to a pause fell from 270 to 50 ms for ends and
from 345 to 30 ms for starts; over all words the mean fell from 91 to 65 and from 96 to 58 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from streaming.decoding import SAMPLES_PER_MS, Word

_STEP_MS = 10
_SMOOTH_STEPS = 3
_QUIETEST_DB = -100.0
# Between the quiet and the loud of a stretch, on the scale of decibels: what is below counts as
# silence, and where the two lie less than this apart there is noise all over, and no telling.
_SILENCE_SHARE = 0.3
_LEAST_RANGE_DB = 15.0
_SHORTEST_PAUSE_MS = 120  # the closure before a plosive is shorter
_REACH_MS = 250  # how far a boundary may lie from the pause that it belongs to

USUAL_LEAD_MS = 40
"""By how much attention runs ahead of the sound: that of ``base``."""

_LEADS_MS = {"tiny.en": -110}


def lead_of(model: str) -> int:
    """Return by how many milliseconds a model's alignment runs ahead of the sound.

    Negative where it lags. What nobody has measured is taken to be like ``base``.
    """
    return _LEADS_MS.get(model, USUAL_LEAD_MS)


def find_pauses(audio: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the silent stretches of 16 kHz audio as (start, end) in milliseconds, in order."""
    step = _STEP_MS * SAMPLES_PER_MS
    count = len(audio) // step
    if count < _SMOOTH_STEPS:
        return []
    power = np.mean(np.square(audio[: count * step].reshape(count, step)), axis=1)
    level = np.maximum(10.0 * np.log10(power + 1e-12), _QUIETEST_DB)
    padded = np.pad(level, _SMOOTH_STEPS // 2, mode="edge")
    level = np.convolve(padded, np.full(_SMOOTH_STEPS, 1.0 / _SMOOTH_STEPS), "valid")
    quiet, loud = np.percentile(level, (5, 95))
    if loud - quiet < _LEAST_RANGE_DB:
        return []
    silent = level < quiet + _SILENCE_SHARE * (loud - quiet)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False]))))
    return [
        (int(start) * _STEP_MS, int(end) * _STEP_MS)
        for start, end in edges.reshape(-1, 2)
        if (end - start) * _STEP_MS >= _SHORTEST_PAUSE_MS
    ]


def settle(
    words: Sequence[Word],
    pauses: Sequence[tuple[int, int]],
    duration_ms: int,
    lead_ms: int = USUAL_LEAD_MS,
) -> tuple[Word, ...]:
    """Take back the attention's lead, then move boundaries to the edges of pauses beside them.

    ``words`` are timed and in order, and so is the result: no word starts before the one before
    it has ended, and all lie within ``[0, duration_ms]``. A word without length keeps none: it is
    the sign of a word that was never said (``quality.without_echo``).
    """
    if not words:
        return ()
    starts = [_later(word.start_ms, duration_ms, lead_ms) for word in words]
    ends = [_later(word.end_ms, duration_ms, lead_ms) for word in words]
    for pause_start, pause_end in pauses:
        before = _boundary(starts, ends, pause_start, pause_end)
        if before is None:
            continue
        if before > 0 and pause_start > starts[before - 1]:
            at_end = before == len(words)
            ends[before - 1] = min(ends[before - 1], pause_start) if at_end else pause_start
        if before < len(words) and pause_end < ends[before]:
            starts[before] = pause_end if before else max(starts[before], pause_end)
    out: list[Word] = []
    floor = 0
    for word, start, end in zip(words, starts, ends, strict=True):
        start = max(start, floor)
        floor = start if word.start_ms == word.end_ms else max(end, start)
        out.append(replace(word, start_ms=start, end_ms=floor))
    return tuple(out)


def _later(time_ms: int | None, duration_ms: int, lead_ms: int) -> int:
    """Take back the attention's lead; what it saw at the very start is not moved."""
    return max(0, min(time_ms + lead_ms, duration_ms)) if time_ms else 0


def _boundary(
    starts: Sequence[int], ends: Sequence[int], pause_start: int, pause_end: int
) -> int | None:
    """Return the number of the word behind the boundary nearest to a pause, if one is near.

    The boundary in front of the first word is 0, the one behind the last the number of words.
    """
    count = len(starts)
    distances = [max(0, pause_start - starts[0])]
    for i in range(1, count):
        distances.append(max(0, ends[i - 1] - pause_end, pause_start - starts[i]))
    distances.append(max(0, ends[-1] - pause_end))
    nearest = min(range(count + 1), key=lambda i: distances[i])
    return nearest if distances[nearest] <= _REACH_MS else None
