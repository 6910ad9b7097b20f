"""Which language is spoken: the detector's word, weighed with what was heard before.

A detector is right about five seconds and often wrong about one, while people seldom change their
language. So its probabilities are weighed before the likeliest is taken: that of the language
heard last counts many times, that of others heard before half as much, both more so while there is
little to go by. How much, and how sure is sure enough, was measured (``docs/languages.md``).

Detection costs a pass through the decoder. A segment asks for it until it is sure, and again when
there is much more audio than it was sure on: never twice about the same audio.
"""

from __future__ import annotations

from collections.abc import Sequence

from streaming.decoding import SAMPLES_PER_MS, DecodeRequest, Hypothesis, LanguageChoice

_LAST_COUNTS = 16.0
_BEFORE_COUNTS = 8.0
_LITTLE_SAMPLES = 2_500 * SAMPLES_PER_MS
_LITTLE_COUNTS = 4.0  # times as much
_SURE = 0.9
# Where a change is likely, little to go by must say it more clearly.
_SURER = 0.98
# So much speech is shown in whatever language it most likely is, and what was heard in it lasts.
_ENOUGH_SAMPLES = 3_000 * SAMPLES_PER_MS
_MORE = 3  # times the audio that was listened to
_BELIEVED = 0.5
_MOST_KEPT = 4


def choose_language(
    choice: LanguageChoice, probabilities: Sequence[tuple[str, float]], samples: int
) -> tuple[str, float]:
    """Return the likeliest language and its probability, after weighing the detector's.

    ``probabilities`` are (code, probability) pairs, found in so many samples. What isn't allowed
    is not chosen, but makes the choice less probable: it may be what was spoken. What is allowed
    counts as if it had been heard, for it was named to be spoken.
    """
    if choice.fixed:
        return choice.fixed, choice.confidence
    times = _LITTLE_COUNTS if samples < _LITTLE_SAMPLES else 1.0
    weights = dict.fromkeys((*choice.before, *choice.allowed), times * _BEFORE_COUNTS)
    if choice.current is not None:
        weights[choice.current] = times * _LAST_COUNTS
    weighed = {code: probability * weights.get(code, 1.0) for code, probability in probabilities}
    possible = [code for code in weighed if not choice.allowed or code in choice.allowed]
    best = max(possible, key=lambda code: weighed[code], default=None)
    if best is None or not weighed[best]:
        return choice.current or (*choice.allowed, "en")[0], 0.0
    return best, weighed[best] / sum(weighed.values())


def believed(confidence: float) -> bool:
    """Whether a language is more than a guess."""
    return confidence >= _BELIEVED


class HeardLanguages:
    """The languages heard on a channel, the last one first."""

    def __init__(self) -> None:
        self._codes: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The last one first; empty until one has been believed."""
        return self._codes

    def hear(self, code: str, confidence: float) -> None:
        """Note a segment's language; a guess is not kept against better ones later."""
        if believed(confidence):
            others = tuple(known for known in self._codes if known != code)
            self._codes = (code, *others)[:_MOST_KEPT]


class SegmentLanguage:
    """What one segment's language is held to be, and on how much of its audio.

    ``named`` is the client's word and ends all doubt; ``allowed`` are the languages that it may
    be, any when empty.
    """

    def __init__(self, named: str | None, allowed: tuple[str, ...]) -> None:
        self._named = named
        self._allowed = allowed
        self._code: str | None = None
        self._confidence = 0.0
        self._samples = 0
        self._several = bool(allowed)

    @property
    def sure(self) -> bool:
        """Whether its text can be shown in the language it was last held to be in."""
        return self._named is not None or self._clear or self._samples >= _ENOUGH_SAMPLES

    @property
    def _clear(self) -> bool:
        """Whether the detector left no doubt."""
        doubtful = self._several and self._samples < _LITTLE_SAMPLES
        return self._confidence >= (_SURER if doubtful else _SURE)

    def choice(self, samples: int, heard: tuple[str, ...], *, lasting: bool) -> LanguageChoice:
        """Say how the language of so much of the segment's audio is found.

        What is ``lasting`` is not decided on little audio where there is more.
        """
        if self._named is not None:
            return LanguageChoice(fixed=self._named)
        little = lasting and self._samples < _ENOUGH_SAMPLES
        more = _MORE if self._clear and not little else 1
        if self._code is not None and samples <= more * self._samples:
            return LanguageChoice(fixed=self._code, confidence=self._confidence)
        known = tuple(code for code in heard if not self._allowed or code in self._allowed)
        self._several = bool(self._allowed) or len(known) > 1
        return LanguageChoice(
            current=known[0] if known else None, before=known[1:], allowed=self._allowed
        )

    def heard(self, request: DecodeRequest, hypothesis: Hypothesis) -> None:
        """Take what was detected, if that was asked for and on more audio than before."""
        if request.language.fixed is None and len(request.audio) >= self._samples:
            self._code = hypothesis.language
            self._confidence = hypothesis.language_confidence
            self._samples = len(request.audio)
