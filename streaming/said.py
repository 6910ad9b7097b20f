"""The last words said on a channel: what the next ones go on from."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.decoding import SAMPLES_PER_MS, Word

# Nobody asks for what was said longer before the last word.
_REMEMBERED_MS = 10_000


class Said:
    """Words of finals, with their times in the stream.

    ``through`` is the sample up to which all that was said is known.
    """

    def __init__(self) -> None:
        self.through = 0
        self._words: list[Word] = []
        self._language = ""

    def hear(self, words: Sequence[Word], language: str, through: int) -> None:
        """Add the words of a final that ended at sample ``through``."""
        if language != self._language:
            self._words = []
        self._language = language
        horizon_ms = through // SAMPLES_PER_MS - _REMEMBERED_MS
        self._words = [
            word
            for word in (*self._words, *words)
            if word.start_ms is not None and word.start_ms >= horizon_ms
        ]
        self.through = through

    def nothing(self, through: int) -> None:
        """What sounded up to sample ``through`` was not to be understood."""
        self.through = through

    def between(self, start_ms: int, end_ms: int, language: str) -> tuple[Word, ...]:
        """Return the words that begin in a stretch of the stream; none in another language."""
        if language != self._language:
            return ()
        return tuple(
            word
            for word in self._words
            if word.start_ms is not None and start_ms <= word.start_ms < end_ms
        )
