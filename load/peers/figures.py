"""What a server's sessions come to: the harness's own scores, over what users saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from load.alignment import align
from load.latency import spoken_words
from load.peers.display import Played, as_trace
from load.process import Usage
from load.programme import Programme
from load.score import StreamScore, score
from load.spread import Spread, spread
from load.text import folded
from load.wer import ErrorCount, pooled

_GAP_WORDS = 5
"""So many words in a row without anything heard beside them were lost, not misheard."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a server used from the first chunk to its last new text."""

    cpu_s: float
    audio_s: float
    rss_before_mib: float
    peak_rss_mib: float


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session's scores and what isn't in them."""

    score: StreamScore
    final_s: tuple[float, ...]
    """Each word's latency up to the text that was called final."""
    lost_words: int
    text_complete_s: float | None
    """From the end of the audio to the last change of the text."""
    failure: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All sessions of one server at one number of streams."""

    sessions: int
    failed: int
    failures: dict[str, int]
    audio_s: float
    first_shown: Spread | None
    stable: Spread | None
    promised: Spread | None
    """Until the text said to stay holds the word."""
    final: Spread | None
    """Until the text called final holds it; ``None`` where the protocol calls none so."""
    text_complete: Spread | None
    coverage: float | None
    """Share of the timed reference words that have latencies."""
    errors: ErrorCount
    error_rate: float | None
    reference_words: int
    lost_words: int
    erasure: float | None
    promised_taken_back: int
    lateness: Spread | None
    cpu_s_per_audio_s: float | None
    rss_before_mib: float | None
    peak_rss_mib: float | None


def figures_of(programme: Programme, played: Played, *, tells_final: bool) -> SessionFigures:
    """Scores one session."""
    scored = score(programme, as_trace(played))
    finals: tuple[float, ...] = ()
    if tells_final:
        by_final = score(programme, as_trace(played, finals_only=True))
        finals = tuple(word.committed_s for word in by_final.words)
    last = played.last_change_s
    over_s = programme.duration_s / played.speed
    return SessionFigures(
        score=scored,
        final_s=finals,
        lost_words=_lost_words(programme, played),
        text_complete_s=None if last is None else round(last - over_s, 3),
        failure=None if played.failure is None else played.failure.code,
    )


def _lost_words(programme: Programme, played: Played) -> int:
    """Reference words in runs of at least five that have no word of the last text beside them."""
    spoken = spoken_words(programme.of_channel(0))
    heard = folded(played.displays[-1].text) if played.displays else ()
    beside = {pair.left for pair in align([word.text for word in spoken], heard)}
    runs = groupby(range(len(spoken)), key=lambda index: index in beside)
    lengths = [len(list(run)) for matched, run in runs if not matched]
    return sum(length for length in lengths if length >= _GAP_WORDS)


def pool(sessions: Sequence[SessionFigures], costs: Sequence[Cost]) -> Figures:
    """One set of figures over sessions of one or several rounds."""
    scores = [session.score for session in sessions]
    words = [word for one in scores for word in one.words]
    timed = sum(one.timed_words for one in scores)
    errors = pooled(one.errors for one in scores)
    erased = [one.erasure for one in scores]
    finals = sum(erasure.final_words for erasure in erased)
    failures = [session.failure for session in sessions if session.failure]
    audio_s = sum(cost.audio_s for cost in costs)
    return Figures(
        sessions=len(sessions),
        failed=len(failures),
        failures={code: failures.count(code) for code in sorted(set(failures))},
        audio_s=round(sum(one.sent_s for one in scores), 2),
        first_shown=spread(word.first_shown_s for word in words),
        stable=spread(word.stable_s for word in words),
        promised=spread(word.committed_s for word in words),
        final=spread(value for session in sessions for value in session.final_s),
        text_complete=spread(session.text_complete_s for session in sessions),
        coverage=len(words) / timed if timed else None,
        errors=errors,
        error_rate=errors.rate,
        reference_words=sum(len(spoken_words_of(one)) for one in scores),
        lost_words=sum(session.lost_words for session in sessions),
        erasure=sum(e.erased_words for e in erased) / finals if finals else None,
        promised_taken_back=sum(erasure.committed_words for erasure in erased),
        lateness=spread(late for one in scores for late in one.lateness_s),
        cpu_s_per_audio_s=sum(c.cpu_s for c in costs) / audio_s if audio_s else None,
        rss_before_mib=max((cost.rss_before_mib for cost in costs), default=None),
        peak_rss_mib=max((cost.peak_rss_mib for cost in costs), default=None),
    )


def spoken_words_of(one: StreamScore) -> tuple[str, ...]:
    """The folded reference words of a session."""
    return tuple(word for text in one.references for word in folded(text))


def cost_between(before: Usage | None, after: Usage | None, audio_s: float) -> Cost | None:
    """The cost of a stretch of time; ``None`` where it couldn't be read."""
    if before is None or after is None:
        return None
    return Cost(
        cpu_s=round(after.cpu_s - before.cpu_s, 2),
        audio_s=round(audio_s, 3),
        rss_before_mib=round(before.rss_mib, 1),
        peak_rss_mib=round(after.peak_rss_mib, 1),
    )
