"""How fast each segment's first partial and its final came."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from load.latency import Attribution, SpokenWord
from load.text import folded
from load.trace import Trace
from streaming.client import Partial


@dataclass(frozen=True, slots=True)
class SegmentTiming:
    """One final held against the reference words that it covers.

    ``first_s``: arrival of the segment's first text − end of its first reference word.
    ``finalise_s``: arrival of its final − end of its last reference word. Both take the words
    aligned with one of the final's, equal or not; words behind the last of them belong to it as
    well if they were spoken before its ``end_ms`` and are no other final's ("1455" is three words
    spoken). ``after_request_s``: for ``end`` and ``finalize``, arrival −
    sending of the request. ``at_s`` is the arrival, after stream time 0. ``inside``: whether it
    ends within an utterance, of which more words follow its last one.
    """

    segment: int
    reason: str
    first_s: float | None
    finalise_s: float | None
    after_request_s: float | None = None
    at_s: float = 0.0
    inside: bool = False


_CUT_S = 0.05
"""How much later than the audio before a ``finalize`` a segment that it cut may seem to end."""


def time_segments(
    trace: Trace, channel: int, spoken: Sequence[SpokenWord], attribution: Attribution
) -> list[SegmentTiming]:
    """One timing for each final of a channel."""
    first_text: dict[int, float] = {}
    timings = []
    taken = set(attribution.beside.values())
    for heard in trace.heard:
        event = heard.event
        if isinstance(event, Partial) and event.text.strip():
            first_text.setdefault(event.segment, heard.at_s)
    for at_s, final in trace.finals_heard(channel):
        first_text.setdefault(final.segment, at_s)
        own = [
            beside
            for position in range(len(folded(final.text)))
            if (beside := attribution.beside.get((final.segment, position))) is not None
        ]
        own += _behind(own, spoken, taken, final.end_ms / 1000)
        ends = [trace.spoken_at(end) for each in own if (end := spoken[each].end_s) is not None]
        after = None
        if final.reason == "end" and trace.end_sent_at_s is not None:
            after = at_s - trace.end_sent_at_s
        elif final.reason == "finalize":
            asked = next(
                (one for one in trace.finalizes if one.stream_s + _CUT_S >= final.end_ms / 1000),
                None,
            )
            after = None if asked is None else at_s - asked.at_s
        timings.append(
            SegmentTiming(
                segment=final.segment,
                reason=final.reason,
                first_s=first_text[final.segment] - ends[0] if ends else None,
                finalise_s=at_s - ends[-1] if ends else None,
                after_request_s=after,
                at_s=round(at_s, 4),
                inside=_more_follows(own, spoken),
            )
        )
    return timings


def _more_follows(own: Sequence[int], spoken: Sequence[SpokenWord]) -> bool:
    """Whether the utterance of a final's last word goes on behind it."""
    if not own or own[-1] + 1 == len(spoken):
        return False
    return spoken[own[-1]].utterance == spoken[own[-1] + 1].utterance


def _behind(
    own: Sequence[int], spoken: Sequence[SpokenWord], taken: Container[int], until_s: float
) -> Iterator[int]:
    """The reference words behind a final's last one, spoken within it and aligned with nothing."""
    for index in range(own[-1] + 1, len(spoken)) if own else ():
        end_s = spoken[index].end_s
        if index in taken or end_s is None or end_s > until_s:
            return
        yield index
