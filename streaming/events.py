"""What a session says, in the order it happens.

Times are whole milliseconds of stream time: audio samples since the session's start, never a
wall clock. These are the session's own words; each transport writes them in its dialect.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from streaming.decoding import Word


class EndReason(StrEnum):
    """Why a segment ended."""

    SILENCE = "silence"
    MAX_LENGTH = "max_length"
    FINALIZE = "finalize"
    END = "end"


class WarningCode(StrEnum):
    """What a session wants its client to know without ending."""

    SLOW_PARTIALS = "slow_partials"
    DRAINING = "draining"
    CLIPPING = "clipping"
    NO_AUDIO = "no_audio"
    LIMIT_NEAR = "limit_near"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began on a channel; ``at_ms`` includes the pre-roll that will be decoded."""

    channel: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Speech ended on a channel; ``at_ms`` is the end of the last voiced frame."""

    channel: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Partial:
    """A segment's text so far: ``text == committed + tentative``; ``committed`` only grows.

    ``words`` are those of the text, in stream time where times are known: short windows are decoded
    without, and their words get some when they are heard again in a longer one.
    """

    segment: int
    revision: int
    channel: int
    start_ms: int
    end_ms: int
    committed: str
    tentative: str
    language: str
    words: tuple[Word, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """The whole hypothesis."""
        return self.committed + self.tentative


@dataclass(frozen=True, slots=True)
class Final:
    """A segment's authoritative text, with words in stream time; nothing about it follows.

    ``words`` is None where the client asked for none. For whoever measures, and not part of what
    is said: where the last voice in it ended, and how far the stream had come when its end was
    known.
    """

    segment: int
    channel: int
    start_ms: int
    end_ms: int
    text: str
    confidence: float
    language: str
    language_confidence: float
    reason: EndReason
    words: tuple[Word, ...] | None = None
    word_count: int = 0
    voice_end_ms: int = field(default=0, compare=False)
    ended_at_ms: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A segment whose text was judged not to be speech: its end, instead of a final."""

    segment: int
    channel: int
    start_ms: int
    end_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    """A channel's language was detected, or changed."""

    channel: int
    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Finalized:
    """Every sample up to ``through_ms`` has been decoded and its finals sent."""

    id: str | None
    through_ms: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the client should know; ``detail`` is written beside code and message."""

    code: WarningCode
    message: str
    detail: tuple[tuple[str, str | int | float], ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over: all audio was decoded, all finals sent."""

    audio_ms: int
    segments: int
    words: int


Event = (
    SpeechStarted
    | SpeechEnded
    | Partial
    | Final
    | Suppressed
    | LanguageDetected
    | Finalized
    | Warned
    | Ended
)
