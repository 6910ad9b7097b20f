"""Words of a text that may still change, with times: the model's own, and estimates between them.

Whisper's text comes without times; finding them takes another pass over the audio, which partials
have only where their window is to be moved by them. The rest of the words are laid out between
those that are known, each as long as it has letters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import accumulate

from streaming.decoding import Word


def timed(words: Sequence[Word], start_ms: int, end_ms: int) -> list[Word]:
    """Return the words with times from ``start_ms`` to ``end_ms`` that never go back."""
    out: list[Word] = []
    unknown: list[Word] = []
    at = start_ms
    for word in words:
        if word.start_ms is None or word.end_ms is None:
            unknown.append(word)
            continue
        start = min(max(word.start_ms, at), max(end_ms, at))
        out += _laid_out(unknown, at, start)
        unknown = []
        at = max(start, word.end_ms)
        out.append(dataclasses.replace(word, start_ms=start, end_ms=at))
    return [*out, *_laid_out(unknown, at, max(at, end_ms))]


def _laid_out(words: Sequence[Word], start_ms: int, end_ms: int) -> Iterator[Word]:
    shares = list(accumulate((max(1, len(word.text.strip())) for word in words), initial=0))
    for word, before, after in zip(words, shares, shares[1:], strict=False):
        yield dataclasses.replace(
            word,
            start_ms=start_ms + (end_ms - start_ms) * before // shares[-1],
            end_ms=start_ms + (end_ms - start_ms) * after // shares[-1],
        )


def confidence(words: Sequence[Word]) -> float:
    """Return the mean confidence of those that have one; 0 where none has."""
    known = [word.confidence for word in words if word.confidence is not None]
    return round(sum(known) / len(known), 4) if known else 0.0
