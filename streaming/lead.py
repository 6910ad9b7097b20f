"""What is heard of a stretch of audio that was decoded with some of the audio before it.

A few words alone are heard worse than the same words behind what they go on from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from streaming.decoding import Hypothesis, Word
from streaming.quality import degenerate, with_words


def own_words(words: Sequence[Word], lead_ms: int) -> tuple[Word, ...]:
    """Return the words with their middle behind the lead; none of them begins within it.

    A word without times is taken for one of the stretch's own.
    """
    return tuple(
        word
        if word.start_ms is None
        else dataclasses.replace(word, start_ms=max(word.start_ms, lead_ms))
        for word in words
        if _middle_ms(word) >= lead_ms
    )


def believed(alone: Hypothesis, led: Hypothesis, lead_ms: int) -> Hypothesis | None:
    """Return what to believe of a stretch decoded alone and then with a lead, in its own time.

    The words that are surer. None where the model has stopped within the lead, or soon behind it.
    Whether it is speech at all was told by the first: the second has the lead's certainty.
    """
    own = tuple(word.later(-lead_ms) for word in own_words(led.words, lead_ms))
    if not own or 2 * len(own) < len(alone.words) or degenerate(led):
        return None
    if not degenerate(alone) and _sureness(own) < _sureness(alone.words):
        return alone
    return dataclasses.replace(with_words(alone, own), looped=False)


def _sureness(words: Sequence[Word]) -> float:
    return sum(word.confidence or 0.0 for word in words) / len(words) if words else 0.0


def _middle_ms(word: Word) -> float:
    """Where a word lies, from the start of the audio; at its end where it has no times."""
    if word.start_ms is None or word.end_ms is None:
        return float("inf")
    return (word.start_ms + word.end_ms) / 2
