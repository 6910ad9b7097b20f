"""The sliding context window over an open segment: what to decode next, and when.

Partials are decoded over a trailing window whose start moves up behind committed words, so that
their cost doesn't grow with the segment. The final decodes the whole segment again, so the
trimming costs no accuracy (``docs/adr/0003-finals-over-whole-segments.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streaming.decoding import SAMPLES_PER_MS, Word


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """How often partials are offered, and over how much audio.

    ``step_ms``: new audio before the next partial. ``first_ms``: audio before a segment's first,
    or a sentence's that begins behind another.
    ``pause_ms``: a pause this long makes a partial due at once. ``trim_ms``: the window's length
    from which its start is moved. ``keep_ms``: audio that stays in it, at least. ``rare_ms``: new
    audio in a partial from which partials are rare. Then windows are moved at half the length, and
    what was said ``settled_ms`` before a window's end stays as it is.
    """

    step_ms: int = 400
    first_ms: int = 600
    pause_ms: int = 160
    trim_ms: int = 4_000
    keep_ms: int = 1_200
    rare_ms: int = 1_500
    settled_ms: int = 1_500


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of samples to decode.

    ``timed``: word times are wanted, the window is to be moved by them. ``cut_off``: it ends while
    somebody speaks.
    """

    start: int
    end: int
    timed: bool
    cut_off: bool


class Window:
    """One open segment's window; positions are absolute samples."""

    def __init__(self, start: int, config: WindowConfig) -> None:
        self._config = config
        self._begun = start  # of what is heard by itself: the segment, or a sentence of it
        self._start = start
        self._decoded_end = start
        self._rare = False

    @property
    def start(self) -> int:
        """Where the next partial's audio begins."""
        return self._start

    def unheard(self, now: int, voice_end: int) -> int:
        """Return how many samples have come since the last partial, if any of them are voiced."""
        return now - self._decoded_end if voice_end > self._decoded_end else 0

    def due(self, now: int, voice_end: int) -> Span | None:
        """Return what to decode now, or None while nothing new was said.

        ``now`` is the end of the audio received, ``voice_end`` that of the last voiced frame.
        """
        config = self._config
        if voice_end <= self._decoded_end:
            return None
        if now - self._begun < config.first_ms * SAMPLES_PER_MS:
            return None
        pause = config.pause_ms * SAMPLES_PER_MS
        paused = now - voice_end >= pause
        if not paused and now - self._decoded_end < config.step_ms * SAMPLES_PER_MS:
            return None
        end = voice_end + pause if paused else now
        share = 1 / 2 if self._is_rare(end) else 2 / 3
        timed = end - self._start > config.trim_ms * SAMPLES_PER_MS * share
        return Span(self._start, end, timed, cut_off=not paused)

    def decoded(self, end: int) -> None:
        """Note that a partial up to ``end`` has been asked for."""
        self._rare = self._is_rare(end)
        self._decoded_end = max(self._decoded_end, end)

    def settled_ms(self, end: int) -> int | None:
        """Return up to when the words of the last partial, which ends at ``end``, can be kept.

        None where another one will be there soon to agree with it. Two hypotheses in a row are a
        good test half a second apart; where they are seconds apart, a word has had as much audio
        behind it at once, and waiting would only make the next window longer.
        """
        return end // SAMPLES_PER_MS - self._config.settled_ms if self._rare else None

    def restart(self, start: int) -> None:
        """Begin anew behind what has been said: nothing before ``start`` is heard again."""
        self._begun = self._start = max(self._start, start)

    def _is_rare(self, end: int) -> bool:
        return end - self._decoded_end >= self._config.rare_ms * SAMPLES_PER_MS

    def slide(self, committed: Sequence[Word], now: int) -> int:
        """Move the start up behind committed words; return how many of them lie before it.

        ``committed`` has absolute times where they are known. One committed word stays inside as
        an anchor, so that the next hypothesis can be joined on.
        """
        config = self._config
        if now - self._start <= config.trim_ms * SAMPLES_PER_MS // (2 if self._rare else 1):
            return 0
        latest = now // SAMPLES_PER_MS - config.keep_ms
        for index in range(len(committed) - 1, 0, -1):
            word = committed[index]
            if word.start_ms is None or word.end_ms is None or word.end_ms > latest:
                continue
            start = word.start_ms * SAMPLES_PER_MS
            if start <= self._start:
                return 0
            self._start = start
            return index
        return 0
