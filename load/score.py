"""One stream's scores: everything that its trace and its references say together."""

from __future__ import annotations

from dataclasses import dataclass

from load.contract import breaches
from load.erasure import Erasure, count_erasure
from load.latency import Moments, SpokenWord, attribute, spoken_words
from load.programme import Programme
from load.segments import SegmentTiming, time_segments
from load.shown import displays, final_words
from load.text import folded
from load.trace import Failure, Trace
from load.wer import ErrorCount, count_errors, pooled
from streaming.client import Ended, Finalized, Warned

_ROUNDING_S = 0.002
"""``ended`` counts whole milliseconds, after resampling."""


@dataclass(frozen=True, slots=True)
class WordLatency:
    """Seconds from the end of a spoken word to its appearance."""

    end_s: float
    first_shown_s: float
    stable_s: float
    committed_s: float
    final_s: float
    spoken_s: float = 0.0
    """When its end was spoken, in seconds after the stream's first moment."""


POLITE_TO_SLOW = frozenset({"client_too_slow", "connection_lost", "drain_timeout"})
"""How a session may end whose client stops reading: with a word, or, since nobody reads, without
one; by the server, or by the client that never reads its end."""


@dataclass(frozen=True, slots=True)
class StreamScore:
    """Scores of one session over all its channels."""

    name: str
    files: tuple[str, ...]
    language: str | None
    audio_s: float
    sent_s: float
    references: tuple[str, ...]
    hypotheses: tuple[str, ...]
    errors: ErrorCount
    timed_words: int
    """Reference words whose end is known."""
    words: tuple[WordLatency, ...]
    segments: tuple[SegmentTiming, ...]
    erasure: Erasure
    speech: bool
    """Whether the references hold words; where not, every word of a final is invented."""
    invented_words: int
    confidences: tuple[float, ...]
    suppressed: tuple[str, ...]
    warnings: tuple[str, ...]
    breaches: tuple[str, ...]
    words_timed: bool
    """Whether every final came with words and their times."""
    lost_s: float
    """Audio that was sent but not counted by ``ended`` (all of it without ``ended``)."""
    lateness_s: tuple[float, ...]
    close_code: int | None
    failure: Failure | None
    finalized_s: tuple[float, ...] = ()
    """From each ``finalize`` to its ``finalized``."""
    slow: bool = False
    """Whether its client stopped reading: scored apart from those that read."""
    begin_s: float = 0.0
    """Stream time 0, after the first moment of all streams."""
    connected_s: float | None = None
    most_unsent_s: float = 0.0
    counted_ms: int | None = None
    """Audio by the server's count, in ``ended``."""

    @property
    def ok(self) -> bool:
        """Whether the session ended in good order with all its audio (slow: politely)."""
        if self.slow and self.failure is not None:
            return self.failure.code in POLITE_TO_SLOW
        return self.failure is None and not self.breaches and self.close_code == 1000


def score(
    programme: Programme, trace: Trace, *, slow: bool = False, first_s: float | None = None
) -> StreamScore:
    """Scores one session. ``first_s``: the first moment of all streams, on the harness's clock."""
    errors: list[ErrorCount] = []
    words: list[WordLatency] = []
    segments: list[SegmentTiming] = []
    erasure = Erasure()
    hypotheses: list[str] = []
    timed = 0
    for channel in range(programme.format.channels):
        said = programme.of_channel(channel)
        texts = [final.text.strip() for final in trace.finals(channel)]
        references = [utterance.text for utterance in said if utterance.text]
        errors.append(count_errors(references, texts, programme.language))
        hypotheses += texts
        shown = displays(trace, channel)
        erasure += count_erasure(shown)
        spoken = spoken_words(said)
        timed += sum(word.end_s is not None for word in spoken)
        attribution = attribute(spoken, final_words(trace, channel), shown)
        words += _latencies(trace, spoken, attribution.words)
        segments += time_segments(trace, channel, spoken, attribution)
    speech = any(utterance.text for utterance in programme.utterances)
    warned = [heard.event for heard in trace.heard if isinstance(heard.event, Warned)]
    return StreamScore(
        name=programme.name,
        files=tuple(utterance.file for utterance in programme.utterances),
        language=programme.language,
        audio_s=programme.duration_s,
        sent_s=trace.sent_s,
        references=tuple(u.text for u in programme.utterances if u.text),
        hypotheses=tuple(hypotheses),
        errors=pooled(errors),
        timed_words=timed,
        words=tuple(words),
        segments=tuple(segments),
        erasure=erasure,
        speech=speech,
        invented_words=0 if speech else sum(len(folded(text)) for text in hypotheses),
        confidences=_confidences(programme, trace),
        suppressed=tuple(
            str(dict(warning.detail).get("reason", ""))
            for warning in warned
            if warning.code == "suppressed"
        ),
        warnings=tuple(warning.code for warning in warned if warning.code != "suppressed"),
        breaches=tuple(breaches(trace)),
        words_timed=all(
            final.words
            for channel in range(programme.format.channels)
            for final in trace.finals(channel)
        ),
        lost_s=_lost_s(trace),
        lateness_s=trace.lateness_s,
        close_code=trace.close_code,
        failure=trace.failure,
        finalized_s=_finalized_s(trace),
        slow=slow,
        begin_s=0.0 if first_s is None else round(trace.begin_s - first_s, 4),
        connected_s=None if trace.connected_s is None else round(trace.connected_s, 4),
        most_unsent_s=trace.most_unsent_s,
        counted_ms=None if (ended := _ended(trace)) is None else ended.audio_ms,
    )


def _finalized_s(trace: Trace) -> tuple[float, ...]:
    asked = {one.id: one.at_s for one in trace.finalizes}
    return tuple(
        round(heard.at_s - asked[heard.event.id], 4)
        for heard in trace.heard
        if isinstance(heard.event, Finalized) and heard.event.id in asked
    )


def _latencies(
    trace: Trace, spoken: list[SpokenWord], words: dict[int, Moments]
) -> list[WordLatency]:
    latencies = []
    for index, moments in words.items():
        end = spoken[index].end_s
        if end is None:
            continue
        at = trace.spoken_at(end)
        latencies.append(
            WordLatency(
                end_s=round(end, 3),
                first_shown_s=round(moments.first_shown_s - at, 4),
                stable_s=round(moments.stable_s - at, 4),
                committed_s=round(moments.committed_s - at, 4),
                final_s=round(moments.final_s - at, 4),
                spoken_s=round(at, 3),
            )
        )
    return latencies


def _confidences(programme: Programme, trace: Trace) -> tuple[float, ...]:
    return tuple(
        round(final.confidence, 4)
        for channel in range(programme.format.channels)
        for final in trace.finals(channel)
        if final.confidence is not None
    )


def _ended(trace: Trace) -> Ended | None:
    return next((h.event for h in trace.heard if isinstance(h.event, Ended)), None)


def _lost_s(trace: Trace) -> float:
    ended = _ended(trace)
    lost = trace.sent_s - (0.0 if ended is None else ended.audio_ms / 1000)
    return round(lost, 3) if lost > _ROUNDING_S else 0.0
