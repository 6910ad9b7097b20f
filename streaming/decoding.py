"""What a session asks of an engine, and what it gets back.

The vocabulary of the seam between the pure core and the models: plain data, no behaviour beyond
derived properties. Times inside a :class:`Hypothesis` are milliseconds from the start of the
request's audio; the session turns them into stream time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

SAMPLES_PER_MS = 16


class Task(StrEnum):
    """What to make of speech."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class Kind(StrEnum):
    """How final the answer will be.

    An early request covers what the final will cover if nothing more is said: decoded during the
    silence that may end the segment, it is the final at once when it does.
    """

    FINAL = "final"
    PARTIAL = "partial"
    EARLY = "early"


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """How the language of a request is found.

    ``fixed`` names it outright, and ``confidence`` says how sure that is. Otherwise it is detected
    among ``allowed`` (all the model's languages when empty), where ``current``, the one heard last,
    and those heard ``before`` are likelier than others (:mod:`streaming.language`).
    """

    fixed: str | None = None
    confidence: float = 1.0
    current: str | None = None
    before: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prefix:
    """What the first ``duration_ms`` of a request's audio say, known already.

    ``text`` is that of words as they stand in a hypothesis, leading space included.
    """

    text: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """One stretch of one channel's audio to be decoded.

    ``audio`` is mono float32 at 16 kHz in [-1, 1]. ``again`` asks for a second look at what has
    been decoded before, and ``doubt`` says what was wrong with that. ``cut_off`` says that the
    audio ends within speech, maybe in a word. ``shown`` says of an early request that its text is
    waited for like a partial's. Of audio with a ``prefix`` only what is said behind that is asked.
    """

    kind: Kind
    channel: int
    segment: int
    start_sample: int
    audio: npt.NDArray[np.float32] = field(repr=False, compare=False)
    language: LanguageChoice
    task: Task = Task.TRANSCRIBE
    prompt: str = ""
    hotwords: tuple[str, ...] = ()
    words: bool = True
    again: bool = False
    doubt: str = ""
    cut_off: bool = False
    shown: bool = False
    prefix: Prefix | None = None

    @property
    def end_sample(self) -> int:
        """The stream position one past the last sample."""
        return self.start_sample + len(self.audio)

    @property
    def waited_for(self) -> bool:
        """Whether somebody reads the answer as soon as it is there, before the final."""
        return self.kind is Kind.PARTIAL or self.shown

    @property
    def duration_ms(self) -> int:
        """How much audio there is, in milliseconds."""
        return len(self.audio) // SAMPLES_PER_MS


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it stands in the text, leading space included.

    Times are None where the request did not ask for them. ``confidence`` is the chance that the
    word is right, 0 to 1 (:mod:`streaming.confidence`).
    """

    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    confidence: float | None = None

    def later(self, by_ms: int) -> Word:
        """Return the word with those of its times that are known moved by ``by_ms``."""
        return replace(
            self,
            start_ms=None if self.start_ms is None else self.start_ms + by_ms,
            end_ms=None if self.end_ms is None else self.end_ms + by_ms,
        )


def absolute(words: Iterable[Word], start_sample: int) -> tuple[Word, ...]:
    """Move words from the time of a request's audio, which begins there, to that of the stream."""
    offset_ms = start_sample // SAMPLES_PER_MS
    return tuple(word.later(offset_ms) for word in words)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What an engine heard in one request.

    ``average_logprob`` is the mean log-probability per generated token; ``no_speech`` the
    probability the model itself gives to there being no speech; ``looped`` says that the token
    cap for the audio's length was hit. ``hurried`` says that finals wait for their turn: what is
    only uncertain is not looked at a second time, what went astray still is.
    """

    text: str
    words: tuple[Word, ...]
    language: str
    language_confidence: float
    average_logprob: float = 0.0
    no_speech: float = 0.0
    token_count: int = 0
    looped: bool = False
    hurried: bool = False
