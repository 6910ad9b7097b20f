"""Error rates: edit operations counted over token sequences and pooled before dividing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from load.text import scoring_tokens


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Edit operations that turn a reference into a hypothesis; counts add up."""

    tokens: int = 0
    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """All edits."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Edits per reference token; ``None`` where there is no reference."""
        return self.errors / self.tokens if self.tokens else None

    def __add__(self, other: ErrorCount) -> ErrorCount:
        return ErrorCount(
            self.tokens + other.tokens,
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def pooled(counts: Iterable[ErrorCount]) -> ErrorCount:
    """The sum of counts: one rate over all tokens, not the mean of rates."""
    total = ErrorCount()
    for count in counts:
        total += count
    return total


def count_errors(
    references: Sequence[str], hypotheses: Sequence[str], language: str | None
) -> ErrorCount:
    """Errors of the texts joined in order.

    Each text is normalised by itself (a number is never joined across two utterances), the two
    token sequences are then compared as wholes.
    """
    wanted = [token for text in references for token in scoring_tokens(text, language)]
    got = [token for text in hypotheses for token in scoring_tokens(text, language)]
    return count_token_errors(wanted, got)


def count_token_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorCount:
    """Errors of one token sequence against another, by a shortest edit script."""
    if not reference:
        return ErrorCount(insertions=len(hypothesis))
    if not hypothesis:
        return ErrorCount(tokens=len(reference), deletions=len(reference))
    import jiwer  # the extra "eval"

    counted = jiwer.process_words(
        " ".join(reference),
        " ".join(hypothesis),
        reference_transform=jiwer.wer_default,
        hypothesis_transform=jiwer.wer_default,
    )
    return ErrorCount(
        tokens=len(reference),
        hits=counted.hits,
        substitutions=counted.substitutions,
        deletions=counted.deletions,
        insertions=counted.insertions,
    )
