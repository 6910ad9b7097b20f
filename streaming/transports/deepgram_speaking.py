"""Where one channel of a Deepgram stream stands: what is held back, and when an utterance is over.

Times are milliseconds of stream time.
"""

from __future__ import annotations

from dataclasses import dataclass

from streaming.events import EndReason, Final


@dataclass(slots=True)
class Speaking:
    """One channel."""

    held: Final | None = None
    """A final that may be the last one before the answer to ``Finalize``, and is then marked."""

    unended: bool = False
    """Whether finals were sent behind which no ``speech_final`` has come yet."""

    _last_word_end_ms: int | None = None
    _speaking: bool = False
    _awaited: bool = False

    def began(self) -> None:
        """Speech was found."""
        self._speaking = True

    def ended(self) -> None:
        """It is over, and its final is awaited."""
        self._speaking = False
        self._awaited = True

    def heard(self, final: Final) -> None:
        """A final has come."""
        if final.reason is not EndReason.MAX_LENGTH:
            self._awaited = False
        if final.words:
            self._last_word_end_ms = final.words[-1].end_ms or final.end_ms

    def suppressed(self) -> None:
        """What was awaited was no speech."""
        self._awaited = False

    def due_at(self, silence_ms: int) -> int | None:
        """When the utterance is over if nobody says more; None while somebody speaks."""
        if self._speaking or self._awaited or self.held or self._last_word_end_ms is None:
            return None
        return self._last_word_end_ms + silence_ms

    def over(self) -> int:
        """Count the utterance as over; return where its last word ended."""
        at, self._last_word_end_ms = self._last_word_end_ms, None
        return at or 0
