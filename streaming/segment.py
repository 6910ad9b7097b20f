"""One segment's life: open while it is spoken, closed when it only waits for its final."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from streaming.confidence import expected_share
from streaming.decision import NOTHING, Decision
from streaming.decoding import SAMPLES_PER_MS, DecodeRequest, Hypothesis, Kind, Word, absolute
from streaming.events import EndReason, Final, Partial, Suppressed
from streaming.language import SegmentLanguage
from streaming.lead import Before, own_words
from streaming.options import SessionConfig
from streaming.partials import Partials
from streaming.quality import not_speech, with_words
from streaming.window import Span, Window, WindowConfig

Samples = npt.NDArray[np.float32]

COVERED = 160 * SAMPLES_PER_MS
"""So much behind the last voice is decoded: a final, early or not, hears no more."""


class Segment:
    """A numbered stretch of one channel's speech and what has been heard in it so far.

    ``lead`` is how many samples before its start its final is decoded with: where speech was cut
    in two, the second half alone may begin within a word. The words of the lead are left out.
    ``before`` is what came right before the segment, for a second look at what is in doubt.
    """

    def __init__(
        self,
        number: int,
        channel: int,
        start: int,
        config: SessionConfig,
        window: WindowConfig,
        *,
        lead: int = 0,
        before: Before | None = None,
    ) -> None:
        self.number = number
        self.channel = channel
        self.start = start
        self.audio_start = start - lead
        self.config = config
        self.window = Window(start, window)
        self._partials = Partials(number, channel, start, self.window)
        self.end = start
        self.ended_at = start  # how far the stream had come when the end was known
        self.reason = EndReason.END
        self.in_flight: DecodeRequest | None = None  # a partial or an early final
        self._deciding = False
        self.outcome: Final | Suppressed | None = None
        self.heard: Hypothesis | None = None
        self._audio = NOTHING
        self._before = before
        self._decision: Decision | None = None
        self._language = SegmentLanguage(config.language, config.languages)
        self._voice_end = start
        self._decided_to = start  # what the decision is about ends here
        self._decided: Hypothesis | None = None
        self._needed = start
        self._clear_ms: int | None = None

    # -- while it is spoken --------------------------------------------------------------------

    def partial_request(
        self, audio: Samples, span: Span, *, heard: tuple[str, ...]
    ) -> DecodeRequest:
        """Ask for the trailing window's text."""
        return self._request(
            Kind.PARTIAL,
            audio,
            span.start,
            words=span.timed,
            heard=heard,
            cut_off=span.cut_off,
        )

    def partial_done(
        self, request: DecodeRequest, hypothesis: Hypothesis, *, sentence: bool = False
    ) -> Partial | None:
        """Take the window's hypothesis; return a partial where the text has changed.

        None either while it may be in a language that nobody speaks. ``sentence``: see
        :meth:`~streaming.partials.Partials.take`.
        """
        if not self._language.sure:
            return None
        return self._partials.take(request, hypothesis, sentence=sentence)

    def sentence_done(self, request: DecodeRequest, hypothesis: Hypothesis) -> Partial | None:
        """Take an early final that is a sentence for a partial, too: it has heard more than those.

        Not a second look that began before the segment, or at a piece of it.
        """
        wanted = self.config.partials and self._language.sure
        if not wanted or request.start_sample != self.start:
            return None
        return self._partials.take_whole(request, hypothesis)

    def is_whole(self, span: Span) -> bool:
        """Whether a partial over the span hears all that the final would, if nothing more is said.

        One decoding can then be both.
        """
        return not span.cut_off and span.start == self.audio_start

    def early_due(self, voice_end: int) -> bool:
        """Whether the whole segment up to its last voice has not been asked for yet."""
        return self._decided_to < voice_end + COVERED

    def early_again(self) -> bool:
        """Whether something of the early final is to be decoded again."""
        decision = self._decision
        return decision is not None and decision.begun and self._decided is None

    def early_request(
        self, audio: Samples, heard: tuple[str, ...], *, shown: bool = False
    ) -> DecodeRequest:
        """Ask for what the final will be if nothing more is said; ``shown``: as a partial, too."""
        return self._request(
            Kind.EARLY, audio, self.audio_start, words=True, heard=heard, shown=shown
        )

    def early_done(self, hypothesis: Hypothesis) -> None:
        """Keep the answer for the case that the segment ends just there."""
        if self._decision is not None:
            self._decided = self._decision.take(hypothesis)

    # -- when it is over -----------------------------------------------------------------------

    @property
    def said(self) -> tuple[Word, ...]:
        """The words of its final, in the time of the stream."""
        return absolute(self.heard.words, self.audio_start) if self.heard is not None else ()

    @property
    def held_bytes(self) -> int:
        """The memory that its audio takes."""
        before = self._before.audio.nbytes if self._before else 0
        return self._audio.nbytes + before

    def close(
        self,
        end: int,
        voice_end: int,
        audio: Samples,
        reason: EndReason,
        *,
        clear_ms: int | None = None,
    ) -> None:
        """Take the audio from ``audio_start`` on; from here on it only waits for its final.

        What was decoded early, with nothing said after it, is the final already. ``clear_ms``:
        see :func:`~streaming.quality.not_speech`.
        """
        self._clear_ms = clear_ms
        self.end = end
        self.reason = reason
        self._voice_end = voice_end
        self._needed = min(end, voice_end + COVERED)
        self._audio = audio[: self._needed - self.audio_start]
        if self._decision is None or not self.covered_by(self._decided_to):
            self._decision, self._decided = self._decide(self._audio, voice_end), None
        if self._decided is not None:
            self._settle(self._decision, self._decided)

    @property
    def undecided(self) -> bool:
        """Whether its final should be asked for: nothing that will do is known or on its way.

        A partial still being decoded is no reason to wait.
        """
        if self.outcome is not None or self._deciding:
            return False
        early = self.in_flight
        return (
            early is None or early.kind is not Kind.EARLY or not self.covered_by(early.end_sample)
        )

    def begun(self, request: DecodeRequest) -> None:
        """Note that a request is being decoded."""
        if request.kind is Kind.FINAL:
            self._deciding = True
            return
        self.in_flight = request
        if request.waited_for:
            self.window.decoded(request.end_sample)
        if request.kind is Kind.EARLY and self._decided_to < request.end_sample:
            self._decided_to, self._decided = request.end_sample, None
            self._decision = self._decide(request.audio, request.end_sample - COVERED)

    def answered(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> None:
        """Note that a request is no longer being decoded, and what was learnt of its language."""
        if hypothesis is not None:
            self._language.heard(request, hypothesis)
        if request.kind is Kind.FINAL:
            self._deciding = False
        else:
            self.in_flight = None

    def covered_by(self, end: int) -> bool:
        """Whether a decoding of everything before ``end`` is that of the whole segment."""
        return self._needed <= end <= self.end

    def again_request(self, kind: Kind, heard: tuple[str, ...]) -> DecodeRequest:
        """Ask for what the decision lacks; ``heard`` are the channel's languages so far."""
        decision = self._decision
        if decision is None:
            raise ValueError("nothing is to be decided yet")
        request = self._request(kind, decision.audio, decision.start, words=True, heard=heard)
        if not decision.with_context:
            request = dataclasses.replace(request, prompt="", hotwords=())
        return dataclasses.replace(
            request, again=decision.again, doubt=decision.doubt, prefix=decision.prefix
        )

    def final_request(self, heard: tuple[str, ...]) -> DecodeRequest:
        """Ask for the whole segment's text, or for what its decision lacks."""
        return self.again_request(Kind.FINAL, heard)

    def final_done(self, hypothesis: Hypothesis) -> bool:
        """Take the segment's hypothesis; False when something of it must be decoded again."""
        decision = self._decision
        heard = decision.take(hypothesis) if decision is not None else None
        return decision is not None and heard is not None and self._settle(decision, heard)

    def _settle(self, decision: Decision, heard: Hypothesis) -> bool:
        """Make the outcome of what was heard; False when nothing of it is the segment's own."""
        if self.audio_start < self.start:
            own = own_words(heard.words, (self.start - self.audio_start) // SAMPLES_PER_MS)
            if heard.words and not own:  # the model stopped within the lead: without it, then
                self._audio = self._audio[self.start - self.audio_start :]
                self.audio_start = self.start
                self._decision = self._decide(self._audio, self._voice_end)
                return False
            heard = with_words(heard, own)
        self.heard = heard
        self.outcome = self._outcome(heard, echoed=not decision.with_context)
        self._decision = None
        self._audio, self._before = NOTHING, None
        return True

    def _decide(self, audio: Samples, voice_end: int) -> Decision:
        return Decision(
            audio,
            self.audio_start,
            (voice_end - self.audio_start) // SAMPLES_PER_MS,
            before=self._before,
            prompt=self.config.prompt,
            hotwords=self.config.hotwords,
        )

    def _outcome(self, hypothesis: Hypothesis, *, echoed: bool) -> Final | Suppressed:
        start_ms, end_ms = self.start // SAMPLES_PER_MS, self.end // SAMPLES_PER_MS
        refused = not_speech(hypothesis, self._clear_ms)
        if self.audio_start < self.start and hypothesis.text:
            refused = None  # it goes on with speech that has been confirmed
        if refused and echoed:
            refused = "prompt_echo"
        if refused:
            return Suppressed(self.number, self.channel, start_ms, end_ms, refused)
        words = absolute(hypothesis.words, self.audio_start)
        return Final(
            segment=self.number,
            channel=self.channel,
            start_ms=start_ms,
            end_ms=end_ms,
            text=hypothesis.text,
            confidence=expected_share(words, hypothesis.average_logprob),
            language=hypothesis.language,
            language_confidence=hypothesis.language_confidence,
            reason=self.reason,
            words=words if self.config.words else None,
            word_count=len(words),
            voice_end_ms=self._voice_end // SAMPLES_PER_MS,
            ended_at_ms=self.ended_at // SAMPLES_PER_MS,
        )

    def _request(
        self,
        kind: Kind,
        audio: Samples,
        start: int,
        *,
        words: bool,
        heard: tuple[str, ...],
        cut_off: bool = False,
        shown: bool = False,
    ) -> DecodeRequest:
        return DecodeRequest(
            kind=kind,
            channel=self.channel,
            segment=self.number,
            start_sample=start,
            audio=audio,
            language=self._language.choice(len(audio), heard, lasting=kind is not Kind.PARTIAL),
            task=self.config.task,
            prompt=self.config.prompt,
            hotwords=self.config.hotwords,
            words=words,
            cut_off=cut_off,
            shown=shown,
        )
