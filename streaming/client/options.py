"""What a session asks for: the fields of ``start``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from streaming.client.backoff import Backoff
from streaming.client.errors import UsageError
from streaming.client.events import Queued

Encoding = Literal["pcm_s16le", "pcm_f32le", "mulaw", "alaw"]
Task = Literal["transcribe", "translate"]
Preset = Literal["captions", "telephony", "dictation"]

Overflow = Literal["wait", "drop_oldest"]

SAMPLE_BYTES: dict[str, int] = {"pcm_s16le": 2, "pcm_f32le": 4, "mulaw": 1, "alaw": 1}


@dataclass(frozen=True, slots=True)
class Options:
    """One session's wishes; ``None`` leaves a field to the server's default.

    The server judges values; only what can't be a session at all is refused here.
    ``endpointing`` names values for the three behind it; those given win.
    """

    encoding: Encoding = "pcm_s16le"
    sample_rate: int = 16000
    channels: int = 1
    channel_names: Sequence[str] | None = None
    language: str | None = None
    languages: Sequence[str] | None = None
    task: Task | None = None
    partials: bool | None = None
    words: bool | None = None
    prompt: str | None = None
    hotwords: Sequence[str] | None = None
    endpointing: Preset | None = None
    silence_ms: int | None = None
    sentence_silence_ms: int | None = None
    max_segment_ms: int | None = None

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise UsageError(f"channels {self.channels}: at least 1")
        if self.sample_rate < 1:
            raise UsageError(f"sample_rate {self.sample_rate}: at least 1")
        if self.channel_names is not None and len(self.channel_names) != self.channels:
            raise UsageError(
                f"{len(self.channel_names)} channel_names for {self.channels} channels"
            )

    @property
    def bytes_per_second(self) -> int | None:
        """Bytes of a second of audio; ``None`` for an encoding without a fixed rate."""
        width = SAMPLE_BYTES.get(self.encoding)
        return None if width is None else width * self.channels * self.sample_rate


class Wishes(TypedDict, total=False):
    """What a session may be told, whatever its audio; as in ``connect``."""

    language: str | None
    languages: Sequence[str] | None
    task: Task | None
    partials: bool | None
    words: bool | None
    prompt: str | None
    hotwords: Sequence[str] | None
    endpointing: Preset | None
    silence_ms: int | None
    sentence_silence_ms: int | None
    max_segment_ms: int | None
    max_events: int
    open_timeout_s: float
    reconnect: bool | Backoff
    buffer_s: float
    on_queued: Callable[[Queued], object] | None


class StreamWishes(Wishes, total=False):
    """What a stream may be told: the format of its audio, too."""

    encoding: Encoding
    sample_rate: int
    channels: int
    channel_names: Sequence[str] | None
    overflow: Overflow
