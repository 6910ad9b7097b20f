"""When each spoken word was on display, held against when it was spoken.

1. A channel's reference words (with their ends) are aligned with the words of its finals
   (``load.alignment``, on folded words, times breaking ties). Only equal pairs have latencies;
   the share of reference words that do is the *coverage*.
2. Every text shown for a segment is aligned, as a beginning, with the words of that segment's final
   followed by those of the next one (a long segment may be cut, its last words then reappear in
   the next). A final word is *visible* after an event when the latest text of its own segment, or
   of the segment before, holds the equal word aligned with it.
3. *first shown* is the first event after which the word is visible; *stable* the last event by
   which it became visible and after which it stayed so; *committed* the first event that had it
   within ``committed``, or its final; *final* the arrival of its final.

Each latency is that arrival minus the moment at which the word's reference end was spoken on the
timetable. It can be negative: a recogniser may guess a word from its beginning.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from load.alignment import align, align_by_parts
from load.programme import Utterance
from load.shown import FinalWord, Shown
from load.text import fold


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A reference word, folded; ``end_s`` is ``None`` where no alignment is known.

    ``about_s`` is when it was said, roughly: enough to break ties. ``utterance`` is the place of
    what it was said in among its channel's.
    """

    text: str
    end_s: float | None
    about_s: float
    utterance: int = 0


@dataclass(frozen=True, slots=True)
class Moments:
    """When a word of a final appeared, in seconds after the moment of stream time 0."""

    first_shown_s: float
    stable_s: float
    committed_s: float
    final_s: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """Matched words, and the reference word next to each word of the finals."""

    words: dict[int, Moments]
    """Reference word → when its word appeared; in the order spoken."""
    beside: dict[tuple[int, int], int]
    """(segment, position) of a final word → the reference word aligned with it, equal or not."""


def spoken_words(utterances: Sequence[Utterance]) -> list[SpokenWord]:
    """The reference words of one channel in order, without pure punctuation."""
    words: list[SpokenWord] = []
    for place, utterance in enumerate(utterances):
        count = len(utterance.words)
        length = utterance.end_s - utterance.start_s
        for index, word in enumerate(utterance.words):
            text = fold(word)
            if not text:
                continue
            end = utterance.word_ends[index] if utterance.word_ends else None
            spread = utterance.start_s + length * (index + 0.5) / count
            words.append(SpokenWord(text, end, spread if end is None else end, place))
    return words


def attribute(
    spoken: Sequence[SpokenWord], finals: Sequence[FinalWord], shown: Sequence[Shown]
) -> Attribution:
    """Finds each spoken word among the finals and follows it through the texts shown."""
    pairs = align_by_parts(
        [word.text for word in spoken],
        [word.text for word in finals],
        [word.about_s for word in spoken],
        [word.said_s for word in finals],
    )
    beside = {(finals[p.right].segment, finals[p.right].position): p.left for p in pairs}
    moments = follow(finals, shown)
    words = {}
    for pair in pairs:
        word = finals[pair.right]
        seen = moments.get((word.segment, word.position))
        if pair.same and seen is not None:
            words[pair.left] = seen
    return Attribution(words, beside)


def follow(finals: Sequence[FinalWord], shown: Sequence[Shown]) -> dict[tuple[int, int], Moments]:
    """When every final word appeared, by (segment, position)."""
    texts: dict[int, list[str]] = defaultdict(list)
    for word in finals:
        texts[word.segment].append(word.text)
    following = dict(pairwise(sorted(texts)))
    tracks = {(word.segment, word.position): _Track(word.segment) for word in finals}
    for text in shown:
        if text.segment not in texts:
            continue  # suppressed, or without a final: no final word to follow
        here = [(text.segment, position) for position in range(len(texts[text.segment]))]
        after = following.get(text.segment)
        if after is not None:
            here += [(after, position) for position in range(len(texts[after]))]
        target = [texts[segment][position] for segment, position in here]
        held = {p.right: p.left for p in align(text.words, target, open_end=True) if p.same}
        for index, key in enumerate(here):
            tracks[key].see(text, held.get(index))
    return {key: moments for key, track in tracks.items() if (moments := track.moments())}


class _Track:
    """One final word over the texts of its segment and of the segment before."""

    def __init__(self, segment: int) -> None:
        self._segment = segment
        self._visible_in: set[int] = set()
        self._first = self._stable = self._committed = self._final = math.nan

    def see(self, text: Shown, at: int | None) -> None:
        """Takes in a text that holds the word at position ``at``, or doesn't."""
        was_visible = bool(self._visible_in)
        if at is None:
            self._visible_in.discard(text.segment)
        else:
            self._visible_in.add(text.segment)
        if self._visible_in and not was_visible:
            self._stable = text.at_s
            if math.isnan(self._first):
                self._first = text.at_s
        if at is not None and at < text.committed and math.isnan(self._committed):
            self._committed = text.at_s
        if text.final and text.segment == self._segment:
            self._final = text.at_s

    def moments(self) -> Moments | None:
        """Nothing as long as its final is missing."""
        if math.isnan(self._final):
            return None
        return Moments(self._first, self._stable, self._committed, self._final)
