"""What a viewer saw: the texts shown for each segment, in order, as folded words."""

from __future__ import annotations

from dataclasses import dataclass

from load.text import folded
from load.trace import Trace, suppressed_segment
from streaming.client import Final, Partial


@dataclass(frozen=True, slots=True)
class Shown:
    """One text on display for a segment; it replaces the segment's one before.

    The first ``committed`` of ``words`` were said to stay; all of a final's are.
    """

    at_s: float
    segment: int
    words: tuple[str, ...]
    committed: int
    final: bool = False


@dataclass(frozen=True, slots=True)
class FinalWord:
    """A word of a final at its place, with the server's idea of when it was said (a midpoint)."""

    text: str
    segment: int
    position: int
    said_s: float


def displays(trace: Trace, channel: int) -> list[Shown]:
    """Every text shown for a channel, in the order of arrival.

    A segment that was suppressed ends in an empty text.
    """
    shown: list[Shown] = []
    segments: set[int] = set()
    for heard in trace.heard:
        event = heard.event
        suppressed = suppressed_segment(event)
        if suppressed is not None and suppressed in segments:
            shown.append(Shown(heard.at_s, suppressed, (), 0, final=True))
        if not isinstance(event, Partial | Final) or event.channel != channel:
            continue
        segments.add(event.segment)
        words = folded(event.text)
        if isinstance(event, Final):
            shown.append(Shown(heard.at_s, event.segment, words, len(words), final=True))
        else:
            committed = min(len(folded(event.committed)), len(words))
            shown.append(Shown(heard.at_s, event.segment, words, committed))
    return shown


def final_words(trace: Trace, channel: int) -> list[FinalWord]:
    """The words of a channel's finals in order.

    Times come from the final's words where they are as many as the text's, else they are spread
    evenly over the segment. They serve to choose between equally good alignments, nothing else.
    """
    result = []
    for final in trace.finals(channel):
        words = folded(final.text)
        midpoints = [
            (word.start_ms + word.end_ms) / 2000 for word in final.words if folded(word.text)
        ]
        if len(midpoints) != len(words):
            length = (final.end_ms - final.start_ms) / 1000
            midpoints = [
                final.start_ms / 1000 + length * (index + 0.5) / len(words)
                for index in range(len(words))
            ]
        result += [
            FinalWord(word, final.segment, position, midpoint)
            for position, (word, midpoint) in enumerate(zip(words, midpoints, strict=True))
        ]
    return result
