"""Successive hypotheses in, committed and tentative words out.

Local agreement (LocalAgreement-2: Liu et al., "Low-Latency Sequence-to-Sequence Speech
Recognition and Translation by Partial Hypothesis Selection", Interspeech 2020; Macháček et al.,
"Turning Whisper into Real-Time Transcription System", 2023): the longest common prefix of two
hypotheses in a row is committed. What is committed only grows.

A hypothesis covers the trailing window, whose start moves past committed words. Where the new
words begin in it is found by edit distance against the committed words that are still in the
window, so that a word heard again or split at the window's edge isn't committed twice.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streaming.decoding import Word

# Of audio that ends within speech, so many words at the end are shown only if they are at least
# so likely to be right (docs/adr/0017-held-back-words.md).
_DOUBTED_WORDS: Final = 2
_DOUBTFUL: Final = 0.7


def normalized(word: str) -> str:
    """Return what must be equal for two spellings to be the same word.

    Marks are kept with letters and digits: in Hindi or Thai they are the vowels and tones.
    """
    folded = unicodedata.normalize("NFKC", word).casefold()
    kept = (c for c in folded if c.isalnum() or unicodedata.category(c).startswith("M"))
    return "".join(kept) or folded.strip()


@dataclass(frozen=True, slots=True)
class Stable:
    """The text of a segment so far: ``committed`` only grows, ``tentative`` may change."""

    committed: str = ""
    tentative: str = ""


class Stabilizer:
    """One segment's agreement between hypotheses."""

    def __init__(self) -> None:
        self._committed: list[Word] = []
        self._timed: list[Word] = []
        self._hidden = 0
        self._tail: list[Word] = []

    @property
    def committed(self) -> tuple[Word, ...]:
        """All committed words, the ones before the window included."""
        return tuple(self._committed)

    @property
    def stable(self) -> Stable:
        """The text as it stands."""
        whole = "".join(word.text for word in self._committed).lstrip()
        tail = "".join(word.text for word in self._tail)
        return Stable(whole, tail if whole else tail.lstrip())

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of that text, with the times they were last heard at, where any were known."""
        return (*self._timed, *self._tail)

    def update(self, words: Sequence[Word], settled_ms: int | None = None) -> Stable:
        """Take a hypothesis over the present window and return the text it makes.

        Words that end by ``settled_ms`` are committed without another hypothesis.
        """
        visible = self._committed[self._hidden :]
        split = _split_point(visible, words)
        self._learn_times(words[:split])
        tail = list(words[split:])
        agreed = 0
        for before, now in zip(self._tail, tail, strict=False):
            if normalized(before.text) != normalized(now.text):
                break
            agreed += 1
        # The hypothesis' last word may yet grow ("dog." → "dogs"): it must agree to the letter.
        if agreed == len(tail) and agreed and self._tail[agreed - 1].text != tail[agreed - 1].text:
            agreed -= 1
        while settled_ms is not None and agreed < len(tail):
            end_ms = tail[agreed].end_ms
            if end_ms is None or end_ms > settled_ms:
                break
            agreed += 1
        self._tail = tail
        self._commit(agreed)
        return self.stable

    def settle(self, words: Sequence[Word] | None = None) -> Stable:
        """Commit the text as it stands; the next hypothesis begins behind it.

        ``words``, where given, are all of the segment's as they were heard since, and end the text.
        """
        if words is not None:
            self._tail = list(words[_split_point(self._committed, words) :])
        self._commit(len(self._tail))
        self.hide(len(self._committed))
        return self.stable

    def _commit(self, count: int) -> None:
        """Commit the first ``count`` words of the tail."""
        self._committed += self._tail[:count]
        self._timed += self._tail[:count]
        self._tail = self._tail[count:]

    def _learn_times(self, heard: Sequence[Word]) -> None:
        """Take the times of committed words that were heard again, if they were all the same."""
        if all(word.start_ms is None for word in heard):  # most windows are decoded without
            return
        visible = self._committed[self._hidden :]
        if [normalized(word.text) for word in heard] != [normalized(w.text) for w in visible]:
            return
        for place, word in enumerate(heard, start=self._hidden):
            if word.start_ms is not None:
                text = self._committed[place].text
                self._timed[place] = dataclasses.replace(word, text=text)

    def hide(self, count: int) -> None:
        """Note that the window has moved past the first ``count`` of all committed words."""
        self._hidden = min(max(self._hidden, count), len(self._committed))

    @property
    def hidden(self) -> int:
        """How many committed words lie before the window."""
        return self._hidden


def held_back(words: Sequence[Word]) -> Sequence[Word]:
    """Return the words of audio that ends within speech, without an end that is a mere guess.

    The last sounds before the cut may be half a word, which the next hypothesis would take back.
    They are held back if the model itself doubts the word that it made of them.
    """
    for place in range(max(0, len(words) - _DOUBTED_WORDS), len(words)):
        confidence = words[place].confidence
        if confidence is not None and confidence < _DOUBTFUL:
            return words[:place]
    return words


def _split_point(committed: Sequence[Word], words: Sequence[Word]) -> int:
    """Return how many of ``words`` say what ``committed`` says already.

    The split with the least edit distance; among equals one behind the very word that was
    committed last, then the one closest in number of words.
    """
    if not committed:
        return 0
    have = [normalized(word.text) for word in committed]
    heard = [normalized(word.text) for word in words]
    # costs[j]: distance between all of `have` and the first j heard words.
    costs = list(range(len(heard) + 1))
    for i, target in enumerate(have, start=1):
        previous, costs[0] = costs[0], i
        for j, word in enumerate(heard, start=1):
            substituted = previous + (target != word)
            previous = costs[j]
            costs[j] = min(substituted, costs[j] + 1, costs[j - 1] + 1)
    return min(
        range(len(costs)),
        key=lambda j: (costs[j], not j or heard[j - 1] != have[-1], abs(j - len(have))),
    )
