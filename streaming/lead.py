"""What is heard of a stretch of audio that was decoded with some of the audio before it.

A few words alone are heard worse than the same words behind what they go on from. Where what was
said there is known, the decoder is given that as well: it goes on from it, and can't stop there
(docs/adr/0034-what-was-said-goes-before.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streaming.decoding import SAMPLES_PER_MS, Hypothesis, Prefix, Word
from streaming.quality import degenerate, with_words
from streaming.said import Said
from streaming.stabilizer import normalized

# A lead begins a little before its first word, lest a consonant is missing.
_BEFORE_MS = 100
# Where it isn't known what is said in it, the model often stops within a longer one.
_UNKNOWN_MS = 2_000
# People say two words twice; more of them are a loop.
_COPY_WORDS = 3


@dataclass(frozen=True, slots=True)
class Lead:
    """Audio to be decoded in front of a stretch, and what is said in it where that is known."""

    audio: npt.NDArray[np.float32]
    words: tuple[Word, ...] = ()

    @property
    def duration_ms(self) -> int:
        """How long it is."""
        return len(self.audio) // SAMPLES_PER_MS

    @property
    def prefix(self) -> Prefix | None:
        """What the decoder is given to go on from."""
        text = "".join(word.text for word in self.words)
        return Prefix(text, self.duration_ms) if text else None


@dataclass(frozen=True, slots=True)
class Before:
    """What a stretch goes on from: ``audio`` up to its first sample, ``start``.

    The last voice in that ends at ``voice_end``. What was ``said`` there may be known by the time
    that it is asked for.
    """

    audio: npt.NDArray[np.float32]
    start: int
    voice_end: int
    said: Said

    def lead(self, language: str, longest: int) -> Lead:
        """Return a lead of at most so many samples, and of two seconds if no words are known."""
        unknown = Lead(self.audio[-_UNKNOWN_MS * SAMPLES_PER_MS :])
        if self.said.through < self.voice_end:
            return unknown
        start_ms = self.start // SAMPLES_PER_MS
        first = start_ms - min(longest, len(self.audio)) // SAMPLES_PER_MS
        words = self.said.between(first + _BEFORE_MS, start_ms, language)
        if not words or words[0].start_ms is None:
            return unknown
        duration_ms = start_ms - words[0].start_ms + _BEFORE_MS
        return Lead(self.audio[-duration_ms * SAMPLES_PER_MS :], words)


def own_words(words: Sequence[Word], lead_ms: int) -> tuple[Word, ...]:
    """Return the words with their middle behind the lead; none of them begins within it.

    A word without times is taken for one of the stretch's own.
    """
    return tuple(_behind(word, lead_ms) for word in words if _middle_ms(word) >= lead_ms)


def believed(alone: Hypothesis, led: Hypothesis, lead: Lead) -> Hypothesis | None:
    """Return what to believe of a stretch decoded alone and then with a lead, in its own time.

    The words that are surer. None where ``led`` says little of it, or the lead's words again.
    Whether it is speech at all was told by the first: the second has the lead's certainty.
    """
    behind = led.words if lead.prefix else own_words(led.words, lead.duration_ms)
    own = tuple(_behind(word.later(-lead.duration_ms), 0) for word in behind)
    if not own or 2 * len(own) < len(alone.words) or degenerate(led) or _copies(lead.words, own):
        return None
    if not degenerate(alone) and _sureness(own) < _sureness(alone.words):
        return alone
    return dataclasses.replace(with_words(alone, own), looped=False)


def _copies(lead: Sequence[Word], own: Sequence[Word]) -> bool:
    """Whether the first words are the lead's last ones once more, three of them or more."""
    said = [normalized(word.text) for word in lead]
    again = [normalized(word.text) for word in own]
    return any(
        again[:count] == said[-count:]
        for count in range(_COPY_WORDS, min(len(said), len(again)) + 1)
    )


def _sureness(words: Sequence[Word]) -> float:
    return sum(word.confidence or 0.0 for word in words) / len(words) if words else 0.0


def _behind(word: Word, lead_ms: int) -> Word:
    """Return the word beginning no sooner than behind the lead."""
    if word.start_ms is None or word.end_ms is None:
        return word
    return dataclasses.replace(
        word, start_ms=max(word.start_ms, lead_ms), end_ms=max(word.end_ms, lead_ms)
    )


def _middle_ms(word: Word) -> float:
    """Where a word lies, from the start of the audio; at its end where it has no times."""
    if word.start_ms is None or word.end_ms is None:
        return float("inf")
    return (word.start_ms + word.end_ms) / 2
