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


def summarise(
    scores: Sequence[StreamScore], before: Usage | None = None, after: Usage | None = None
) -> Summary:
    """Pools the scores of a run."""
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
        sessions=len(scores),
        failed=sum(not score.ok for score in scores),
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
        after_end=spread(segment.after_request_s for segment in segments),
        erasure=erasure,
        erasure_normalised=erasure.normalised,
        invented_words=invented,
        nonspeech_s=round(nonspeech_s, 3),
        invented_per_hour=invented / nonspeech_s * 3600 if nonspeech_s else None,
        failures=_count(score.failure.code for score in scores if score.failure),
        closes=_count(str(score.close_code) for score in scores),
        breaches=_count(breach for score in scores for breach in score.breaches),
        suppressed=_count(reason for score in scores for reason in score.suppressed),
        warnings=_count(code for score in scores for code in score.warnings),
        lateness=spread(late for score in scores for late in score.lateness_s),
        cost=_cost(before, after, audio_s),
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
