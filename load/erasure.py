"""How much shown text was taken back.

Normalised erasure (Arivazhagan et al. 2020, "Re-translation versus streaming for simultaneous
translation"): words taken back ÷ final words, where a text that replaces another takes back every
word from the first difference on. Words are folded, so a change of case or punctuation is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from load.shown import Shown


@dataclass(frozen=True, slots=True)
class Erasure:
    """Counts that add up; ``committed_words`` are those of the erased that were said to stay."""

    erased_words: int = 0
    committed_words: int = 0
    final_words: int = 0

    @property
    def normalised(self) -> float | None:
        """Words taken back for each final word."""
        return self.erased_words / self.final_words if self.final_words else None

    def __add__(self, other: Erasure) -> Erasure:
        return Erasure(
            self.erased_words + other.erased_words,
            self.committed_words + other.committed_words,
            self.final_words + other.final_words,
        )


def count_erasure(shown: Iterable[Shown]) -> Erasure:
    """Erasure over one channel's texts, in the order they were shown."""
    latest: dict[int, Shown] = {}
    erased = committed = finals = 0
    for text in shown:
        before = latest.get(text.segment)
        if before is not None:
            kept = common_prefix(before.words, text.words)
            erased += len(before.words) - kept
            committed += max(0, before.committed - kept)
        if text.final:
            finals += len(text.words)
        latest[text.segment] = text
    return Erasure(erased, committed, finals)


def common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """How many leading words are equal."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
