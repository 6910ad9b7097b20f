"""The figures of a run: pooled over all streams, words and segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from load.erasure import Erasure
from load.process import Usage
from load.score import StreamScore
from load.spread import Spread, spread
from load.text import CHARACTER_LANGUAGES
from load.wer import ErrorCount, pooled


@dataclass(frozen=True, slots=True)
class Rate:
    """A pooled error rate of one language."""

    language: str
    unit: str
    count: ErrorCount
    rate: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the server used between the first chunk and the last event."""

    cpu_s: float
    cpu_s_per_audio_s: float
    rss_before_mib: float
    rss_after_mib: float
    peak_rss_mib: float
    threads: int


@dataclass(frozen=True, slots=True)
class SlowSummary:
    """What became of the sessions whose clients stopped reading."""

    sessions: int
    ended: int
    """Those that got everything in the end."""
    outcomes: dict[str, int]
    """How the others ended; all but the polite ones count as failed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """All of a run in one table. Latencies in seconds."""

    sessions: int
    failed: int
    audio_s: float
    lost_s: float
    rates: tuple[Rate, ...]
    coverage: float | None
    """Share of the timed reference words that have latencies."""
    first_shown: Spread | None
    stable: Spread | None
    committed: Spread | None
    final: Spread | None
    first_text: Spread | None
    finalise: dict[str, Spread]
    """By reason of the final: its arrival − end of the last word in it."""
    after_end: Spread | None
    """Arrival of the last finals − sending of ``end``."""
    erasure: Erasure
    erasure_normalised: float | None
    invented_words: int
    nonspeech_s: float
    invented_per_hour: float | None
    failures: dict[str, int]
    closes: dict[str, int]
    breaches: dict[str, int]
    suppressed: dict[str, int]
    warnings: dict[str, int]
    lateness: Spread | None
    cost: Cost | None
    after_speech: Spread | None = None
    """Finals that speech's own end brought about (``silence`` and its like): arrival − end of the
    last word in them."""
    inside: int = 0
    """How many of these end within an utterance."""
    after_finalize: Spread | None = None
    """Arrival of finals that a ``finalize`` brought about − its sending."""
    finalized: Spread | None = None
    """Arrival of ``finalized`` − sending of its ``finalize``."""
    connected: Spread | None = None
    most_unsent_s: float = 0.0
    """Most audio of a stream that was due, but not taken by the server's socket."""
    slow: SlowSummary | None = None
    error_rate: float | None = None
    """Pooled over all languages."""


REQUESTED = frozenset({"end", "finalize", "max_length"})
"""Reasons of finals that don't wait for the end of speech."""


def summarise(
    scores: Sequence[StreamScore], before: Usage | None = None, after: Usage | None = None
) -> Summary:
    """Pools the scores of a run; slow readers' latencies and losses are left out of it."""
    everyone = scores
    scores = [score for score in everyone if not score.slow]
    words = [word for score in scores for word in score.words]
    segments = [segment for score in scores for segment in score.segments]
    timed = sum(score.timed_words for score in scores)
    quiet = [score for score in scores if not score.speech]
    nonspeech_s = sum(score.sent_s for score in quiet)
    invented = sum(score.invented_words for score in quiet)
    erasure = sum((score.erasure for score in scores), Erasure())
    audio_s = sum(score.sent_s for score in scores)
    reasons = sorted({segment.reason for segment in segments})
    return Summary(
        sessions=len(everyone),
        failed=sum(not score.ok for score in everyone),
        audio_s=round(audio_s, 3),
        lost_s=round(sum(score.lost_s for score in scores), 3),
        rates=rates(scores),
        coverage=len(words) / timed if timed else None,
        first_shown=spread(word.first_shown_s for word in words),
        stable=spread(word.stable_s for word in words),
        committed=spread(word.committed_s for word in words),
        final=spread(word.final_s for word in words),
        first_text=spread(segment.first_s for segment in segments),
        finalise={
            reason: found
            for reason in reasons
            if (found := spread(s.finalise_s for s in segments if s.reason == reason))
        },
        after_end=spread(s.after_request_s for s in segments if s.reason == "end"),
        erasure=erasure,
        erasure_normalised=erasure.normalised,
        invented_words=invented,
        nonspeech_s=round(nonspeech_s, 3),
        invented_per_hour=invented / nonspeech_s * 3600 if nonspeech_s else None,
        failures=_count(score.failure.code for score in scores if score.failure),
        closes=_count(str(score.close_code) for score in everyone),
        breaches=_count(breach for score in everyone for breach in score.breaches),
        suppressed=_count(reason for score in scores for reason in score.suppressed),
        warnings=_count(code for score in scores for code in score.warnings),
        lateness=spread(late for score in everyone for late in score.lateness_s),
        cost=_cost(before, after, sum(score.sent_s for score in everyone)),
        after_speech=spread(s.finalise_s for s in segments if s.reason not in REQUESTED),
        inside=sum(s.inside for s in segments if s.reason not in REQUESTED),
        after_finalize=spread(s.after_request_s for s in segments if s.reason == "finalize"),
        finalized=spread(after_s for score in scores for after_s in score.finalized_s),
        connected=spread(score.connected_s for score in everyone),
        most_unsent_s=max((score.most_unsent_s for score in everyone), default=0.0),
        slow=_slow([score for score in everyone if score.slow]),
        error_rate=pooled(score.errors for score in scores if score.speech).rate,
    )


def rates(scores: Sequence[StreamScore]) -> tuple[Rate, ...]:
    """Pooled error rates by language, of the streams in which something is said."""
    found = []
    for language in sorted({score.language or "mixed" for score in scores if score.speech}):
        count = pooled(
            score.errors
            for score in scores
            if score.speech and (score.language or "mixed") == language
        )
        unit = "characters" if language in CHARACTER_LANGUAGES else "words"
        found.append(Rate(language, unit, count, count.rate))
    return tuple(found)


def _slow(scores: Sequence[StreamScore]) -> SlowSummary | None:
    if not scores:
        return None
    ended = [score for score in scores if score.failure is None]
    return SlowSummary(
        sessions=len(scores),
        ended=len(ended),
        outcomes=_count(
            f"{score.failure.code} ({score.failure.close_code})"
            for score in scores
            if score.failure is not None
        ),
    )


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _cost(before: Usage | None, after: Usage | None, audio_s: float) -> Cost | None:
    if before is None or after is None or not audio_s:
        return None
    cpu_s = after.cpu_s - before.cpu_s
    return Cost(
        cpu_s=round(cpu_s, 2),
        cpu_s_per_audio_s=round(cpu_s / audio_s, 4),
        rss_before_mib=round(before.rss_mib, 1),
        rss_after_mib=round(after.rss_mib, 1),
        peak_rss_mib=round(after.peak_rss_mib, 1),
        threads=after.threads,
    )
