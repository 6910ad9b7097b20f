"""What a segment shows while it is spoken: one partial after the other."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.decoding import SAMPLES_PER_MS, DecodeRequest, Hypothesis, Word, absolute
from streaming.events import Partial
from streaming.quality import showable
from streaming.stabilizer import Stabilizer, Stable, held_back
from streaming.window import Window

_ONSET = 60 * SAMPLES_PER_MS  # of what is decoded behind the last voice belongs to what follows


class Partials:
    """The partials of segment ``number``, which begins at sample ``start`` of its channel.

    Moves ``window`` on behind what has been committed.
    """

    def __init__(self, number: int, channel: int, start: int, window: Window) -> None:
        self._number = number
        self._channel = channel
        self._start = start
        self._window = window
        self._stabilizer = Stabilizer()
        self._revision = 0
        self._shown = Stable()

    def take(
        self, request: DecodeRequest, hypothesis: Hypothesis, *, sentence: bool = False
    ) -> Partial | None:
        """Take what was heard in the window; return a partial where the text has changed.

        Behind a ``sentence``, with a pause after it, what follows is heard by itself: with the
        sentence in front of it the model likes to stop where that ends
        (docs/adr/0032-a-window-for-each-sentence.md).
        """
        words: Sequence[Word] = showable(hypothesis)
        if request.cut_off:
            words = held_back(words)
        if not words:
            return None
        settled_ms = self._window.settled_ms(request.end_sample)
        self._stabilizer.update(absolute(words, request.start_sample), settled_ms)
        if sentence:
            self._begin_anew(request)
        else:
            hidden = self._window.slide(self._stabilizer.committed, request.end_sample)
            self._stabilizer.hide(hidden)
        return self._changed(request, hypothesis)

    def take_whole(self, request: DecodeRequest, hypothesis: Hypothesis) -> Partial | None:
        """Take a sentence's early final, which has heard all of the segment, for a partial, too."""
        self._begin_anew(request, absolute(hypothesis.words, request.start_sample))
        return self._changed(request, hypothesis)

    def _begin_anew(self, request: DecodeRequest, words: Sequence[Word] | None = None) -> None:
        """Keep what has been said, or ``words`` for it; what follows is heard by itself."""
        self._stabilizer.settle(words)
        self._window.restart(request.end_sample - _ONSET)

    def _changed(self, request: DecodeRequest, hypothesis: Hypothesis) -> Partial | None:
        """Return the text as a partial, unless it is the one shown last."""
        stable = self._stabilizer.stable
        if stable == self._shown:
            return None
        self._shown = stable
        self._revision += 1
        return Partial(
            segment=self._number,
            revision=self._revision,
            channel=self._channel,
            start_ms=self._start // SAMPLES_PER_MS,
            end_ms=request.end_sample // SAMPLES_PER_MS,
            committed=stable.committed,
            tentative=stable.tentative,
            language=hypothesis.language,
            words=self._stabilizer.words,
        )
