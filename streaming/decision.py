"""What a segment's final is made of: one decoding, and others where the first is in doubt.

Decoded again is what went astray or is uncertain (with room behind the speech, and with what was
said just before it), what may be an echo of the context (without it), and speech behind the last
word: in a short window Whisper sometimes ends its text with the first sentence, as if nothing
followed. Its own long-form decoding goes on behind the last timestamp for the same reason (Radford
et al. 2022, section 4.5).
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy import float32

from streaming.decoding import SAMPLES_PER_MS, Hypothesis, Prefix
from streaming.echo import Suspicion, heard_again, suspect
from streaming.lead import Before, Lead, believed
from streaming.quality import (
    better,
    degenerate,
    not_speech,
    once,
    uncertain,
    with_words,
    without_loop,
)

# A voice that goes on for so long behind the last word has said something.
_UNHEARD_MS: Final = 1_500
# What is decoded of it begins a little before, lest a consonant is missing.
_BEFORE_MS: Final = 100
_MOST_PIECES: Final = 4
# With more a second look would take a window twice as long, at four times the cost.
_MOST_LED_SAMPLES: Final = 11_000 * SAMPLES_PER_MS
# Less in front of it helps nobody.
_LEAST_LEAD_SAMPLES: Final = 2_000 * SAMPLES_PER_MS

NOTHING: Final[npt.NDArray[float32]] = np.zeros(0, dtype=float32)
"""No audio."""


class Decision:
    """The search for the text of ``audio``, which begins at sample ``start`` of the stream.

    The last voice in it ends at ``spoken_ms``; ``before`` is what came right before it, if somebody
    spoke there. What is to be decoded next is in :attr:`audio`, :attr:`start`, :attr:`prefix`,
    :attr:`again` and :attr:`with_context`, and :attr:`doubt` says why again. :attr:`begun` once
    anything of it has been decoded.
    """

    def __init__(
        self,
        audio: npt.NDArray[float32],
        start: int,
        spoken_ms: int,
        *,
        before: Before | None = None,
        prompt: str = "",
        hotwords: tuple[str, ...] = (),
    ) -> None:
        self.audio = audio
        self.start = start
        self.again = False
        self.doubt = ""
        self._spoken_ms = spoken_ms
        self._context = (prompt, hotwords)
        self.begun = False
        self._suspicion: Suspicion | None = None
        self._first: Hypothesis | None = None
        self._before = before
        self._led: Lead | None = None  # what of that stands in front of the audio now
        self._pieces: list[tuple[int, Hypothesis]] = []
        self._at_ms = 0

    @property
    def prefix(self) -> Prefix | None:
        """What is said first in the audio, where that is known."""
        return self._led.prefix if self._led else None

    @property
    def with_context(self) -> bool:
        """Whether the client's prompt and hotwords are to be given: not after a likely echo."""
        return self._suspicion is None

    def take(self, hypothesis: Hypothesis) -> Hypothesis | None:
        """Take what was heard; return the whole text, or None when there is more to decode."""
        self.begun = True
        if self._pieces:
            return self._take_rest(hypothesis)
        if self._first is not None and self._led is not None:
            return self._take_led(hypothesis, self._first, self._led)
        hypothesis = once(hypothesis, self._spoken_ms)
        if self._suspicion is None:
            self._suspicion = suspect(hypothesis, *self._context)
            if self._suspicion is not None:
                return None
        doubt = degenerate(hypothesis)
        if not self.again:
            if not doubt and uncertain(hypothesis) and not hypothesis.hurried:
                doubt = "uncertain"
            if doubt:
                self.again, self.doubt, self._first = True, doubt, hypothesis
                self._lead(hypothesis)
                return None
        if self._first is not None:
            hypothesis, self._first = better(self._first, hypothesis), None
        return self._conclude(hypothesis)

    def _lead(self, first: Hypothesis) -> None:
        """Put what came before in front, unless that might make noise sound like speech."""
        room = _MOST_LED_SAMPLES - len(self.audio)
        if self._before is None or room < _LEAST_LEAD_SAMPLES or not_speech(first):
            return
        self._led = self._before.lead(first.language, room)
        self.audio = np.concatenate((self._led.audio, self.audio))
        self.start -= len(self._led.audio)

    def _take_led(self, hypothesis: Hypothesis, first: Hypothesis, led: Lead) -> Hypothesis | None:
        """Take what was heard with a lead; None to hear it by itself: what went astray must."""
        self.audio, self._led = self.audio[len(led.audio) :], None
        self.start += len(led.audio)
        once_said = once(hypothesis, self._spoken_ms + led.duration_ms)
        heard = believed(first, once_said, led)
        if heard is None and not degenerate(first):
            heard = first  # a third look would make the final late for little
        if heard is None or (self.with_context and suspect(heard, *self._context)):
            return None
        self._first = None
        return self._conclude(heard)

    def _conclude(self, hypothesis: Hypothesis) -> Hypothesis | None:
        """Cut what is still a loop, and look behind the last word."""
        if degenerate(hypothesis) in ("length", "repetition", "compression"):
            hypothesis = with_words(hypothesis, without_loop(hypothesis.words))
        if self._suspicion is not None and heard_again(self._suspicion, hypothesis):
            hypothesis = self._suspicion.hypothesis  # names are better spelt in it
        return self._go_on(hypothesis)

    def _take_rest(self, hypothesis: Hypothesis) -> Hypothesis | None:
        """Add what was heard behind the last word, if it is beyond doubt."""
        hypothesis = once(hypothesis, self._spoken_ms)
        if degenerate(hypothesis) or not_speech(hypothesis):
            return self._whole()
        return self._go_on(hypothesis)

    def _go_on(self, hypothesis: Hypothesis) -> Hypothesis | None:
        """Return the whole, or turn to the speech behind the last word."""
        self._pieces.append((self._at_ms, hypothesis))
        last_ms = hypothesis.words[-1].end_ms if hypothesis.words else None
        unheard = last_ms is not None and self._spoken_ms - last_ms >= _UNHEARD_MS
        if last_ms is None or not unheard or len(self._pieces) == _MOST_PIECES:
            return self._whole()
        skipped_ms = max(0, last_ms - _BEFORE_MS)
        self.audio = self.audio[skipped_ms * SAMPLES_PER_MS :]
        self.start += skipped_ms * SAMPLES_PER_MS
        self._at_ms += skipped_ms
        self._spoken_ms -= skipped_ms
        self.again, self.doubt = False, "unheard"
        return None

    def _whole(self) -> Hypothesis:
        """Put the pieces together; the first one's language is that of all."""
        first = self._pieces[0][1]
        if len(self._pieces) == 1:
            return first
        words = tuple(word.later(at) for at, each in self._pieces for word in each.words)
        count = sum(each.token_count for _, each in self._pieces)
        logprob = sum(each.average_logprob * each.token_count for _, each in self._pieces)
        return dataclasses.replace(
            with_words(first, words),
            token_count=count,
            average_logprob=logprob / count if count else first.average_logprob,
        )
