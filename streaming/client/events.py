"""What a server says, as a client sees it. Times are milliseconds of stream time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server allows this session; ``None`` where it didn't say."""

    max_session_ms: int | None = None
    max_idle_ms: int | None = None
    max_message_bytes: int | None = None
    max_backlog_ms: int | None = None
    max_bytes_per_s: int | None = None
    max_sessions: int | None = None
    audio_ms_per_hour: int | None = None
    audio_ms_left: int | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The session runs; audio is read from now on."""

    session_id: str
    resume_token: str = ""
    model: str = ""
    device: str = ""
    language: str = ""
    limits: Limits = Limits()
    resumed_from_ms: int | None = None
    partial_model: str | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """The session waits for a place."""

    position: int
    eta_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak."""

    channel: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Somebody stopped speaking."""

    channel: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Partial:
    """The text of a segment so far; ``committed`` stays, ``tentative`` may change."""

    segment: int
    revision: int
    channel: int
    start_ms: int
    end_ms: int
    text: str
    committed: str = ""
    tentative: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a final."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Final:
    """The text of a segment for good."""

    segment: int
    channel: int
    start_ms: int
    end_ms: int
    text: str
    confidence: float | None = None
    language: str = ""
    language_confidence: float | None = None
    reason: str = ""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Finalized:
    """Every sample up to ``through_ms`` has been decoded and its finals sent."""

    id: str
    through_ms: int


@dataclass(frozen=True, slots=True)
class Ack:
    """How far the server has received and decoded."""

    received_ms: int
    decoded_ms: int


@dataclass(frozen=True, slots=True)
class Language:
    """The language was detected, or changed."""

    channel: int
    language: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """A ``warning``: something to know, the session goes on.

    ``detail`` holds every further scalar field of the message, sorted by name.
    """

    code: str
    message: str = ""
    detail: tuple[tuple[str, str | int | float | bool | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """An ``error``: the session is over. Iterating raises it as ``ServerError``."""

    code: str
    message: str = ""
    retryable: bool = False
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an orderly session and what it held."""

    audio_ms: int
    segments: int
    words: int


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection is gone; the next try starts after ``delay_ms``.

    ``code`` says why, as an error's would. ``delay_ms`` is None where the next try waits until
    there is something to send.
    """

    attempt: int
    delay_ms: int | None
    code: str


@dataclass(frozen=True, slots=True)
class Reconnected:
    """A new connection stands: the session goes on (``resumed``), or another has taken over."""

    resumed: bool
    lost_ms: int = 0


@dataclass(frozen=True, slots=True)
class AudioLost:
    """Audio was given up because the buffer was full: nothing in it will be heard."""

    from_ms: int
    lost_ms: int


Event = (
    Started
    | Queued
    | SpeechStarted
    | SpeechEnded
    | Partial
    | Final
    | Finalized
    | Ack
    | Language
    | Warned
    | Failed
    | Ended
    | Reconnecting
    | Reconnected
    | AudioLost
)
