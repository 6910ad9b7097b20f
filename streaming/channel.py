"""One audio channel of a session: its voice detection, its segments and their decoding order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from streaming.audio.ring import SampleRing
from streaming.decoding import SAMPLES_PER_MS, DecodeRequest, Hypothesis, Kind
from streaming.events import (
    EndReason,
    Event,
    Final,
    LanguageDetected,
    SpeechEnded,
    SpeechStarted,
    Suppressed,
)
from streaming.language import HeardLanguages, believed
from streaming.lead import Before
from streaming.options import SEGMENT_MS, SessionConfig
from streaming.said import Said
from streaming.segment import COVERED, Segment
from streaming.segmenter import Closed, Opened, Segmenter, State, Step
from streaming.sentences import completes_sentence
from streaming.vad import FRAME_SAMPLES, Activity, VoiceDetector
from streaming.window import WindowConfig

Samples = npt.NDArray[np.float32]

# Nothing is decoded in a language never heard before on less than this: a guess on half a word is
# worth nothing.
_DETECTABLE_SAMPLES = 1_000 * SAMPLES_PER_MS
# A `finalize` this soon after the last voice cuts speech in two; the second half is decoded with so
# much of the first.
_GOING_ON_SAMPLES = 200 * SAMPLES_PER_MS
_LEAD_SAMPLES = 2_000 * SAMPLES_PER_MS
# What was said so soon before a segment is heard with it where it is in doubt: of what was said
# then the last five seconds.
_SOON_SAMPLES = 1_500 * SAMPLES_PER_MS
_BEFORE_SAMPLES = 5_000 * SAMPLES_PER_MS
BLOCK_FRAMES = 10
"""How many frames a channel takes at once, at most."""

# The longest segment and the lead before it: what is open is never overwritten.
_RING_SAMPLES = SEGMENT_MS[1] * SAMPLES_PER_MS + _BEFORE_SAMPLES + BLOCK_FRAMES * FRAME_SAMPLES
# A pause this long, or this share of the one that ends the segment, may be its end: its final is
# worth decoding ahead, as soon as what it covers has come.
_EARLY_SAMPLES = 280 * SAMPLES_PER_MS
_EARLY_SHARE = 0.4


class Channel:
    """What one channel hears, in samples, and what it wants decoded."""

    def __init__(
        self,
        index: int,
        config: SessionConfig,
        *,
        detector: VoiceDetector,
        window: WindowConfig,
        number: Callable[[], int],
    ) -> None:
        self.index = index
        self._config = config
        self._detector = detector
        self._window = window
        self._number = number
        self._segmenter = Segmenter(config.endpointing)
        self._ring = SampleRing(_RING_SAMPLES)
        self._judged = 0
        self._cut_at = -1
        self._spoken_to: int | None = None  # the last voice of the segment before
        self._open: Segment | None = None
        self._closed: deque[Segment] = deque()
        self._heard = HeardLanguages()
        self._said = Said()
        self._told: str | None = None  # the language last announced

    @property
    def received(self) -> int:
        """Samples received."""
        return self._ring.end

    @property
    def decided(self) -> int:
        """Every sample before this one has been decoded, or judged to hold no speech."""
        if self._closed:
            return self._closed[0].start
        return self._segmenter.earliest(self._judged)

    @property
    def waiting(self) -> int:
        """Samples of closed segments whose finals are still to come."""
        return sum(segment.end - segment.start for segment in self._closed)

    @property
    def held_bytes(self) -> int:
        """The memory that its audio takes."""
        return self._ring.held_bytes + sum(segment.held_bytes for segment in self._closed)

    @property
    def unheard(self) -> int:
        """Samples of the open segment that no partial has covered yet."""
        if self._open is None or not self._open.config.partials:
            return 0
        return self._open.window.unheard(self._ring.end, self._segmenter.voice_end)

    @property
    def speaking(self) -> bool:
        """Whether a segment is open."""
        return self._open is not None

    @property
    def settled(self) -> bool:
        """Whether every segment that has ended has its final."""
        return not self._closed

    def configure(self, config: SessionConfig) -> None:
        """Change what the next segment will be found and decoded with."""
        self._config = config
        if self._open is None:
            self._segmenter.endpointing = config.endpointing

    # -- audio ---------------------------------------------------------------------------------

    def push(self, block: Samples) -> Iterator[list[Event]]:
        """Take whole frames, up to ``BLOCK_FRAMES``; return the events of each, to be asked for.

        What is shorter than a frame is kept, but not judged.
        """
        position = self._ring.end
        # What no segment open now or later can hold or follow: an hour of silence is five seconds.
        self._ring.forget(self._segmenter.earliest(self._judged) - _BEFORE_SAMPLES)
        self._ring.append(block)
        if len(block) < FRAME_SAMPLES:
            return iter(())
        judged = self._detector.judge(block.reshape(-1, FRAME_SAMPLES))
        return self._follow(position, judged)

    def _follow(self, position: int, judged: list[Activity]) -> Iterator[list[Event]]:
        for activity in judged:
            steps = self._segmenter.push(position, activity)
            position += FRAME_SAMPLES
            self._judged = position
            yield list(self._take(steps)) if steps else []

    def cut(self, reason: EndReason) -> list[Event]:
        """End whatever is open at the last sample received."""
        events = list(self._take(self._segmenter.cut(self._ring.end, reason)))
        self._judged = self._ring.end
        return events

    def _take(self, steps: list[Step]) -> Iterator[Event]:
        for step in steps:
            match step:
                case Opened(start, resumed):
                    lead = self._lead(start)
                    self._open = Segment(
                        self._number(),
                        self.index,
                        start,
                        self._config,
                        self._window,
                        lead=lead,
                        before=None if lead else self._before(start),
                    )
                    self._segmenter.endpointing = self._config.endpointing
                    if not resumed:
                        yield SpeechStarted(self.index, start // SAMPLES_PER_MS)
                case Closed(start, end, voice_end, reason, clear_ms):
                    segment, self._open = self._open, None
                    if segment is None:  # pragma: no cover - the segmenter opens before it closes
                        continue
                    self._segmenter.endpointing = self._config.endpointing
                    audio = self._ring.read(segment.audio_start, end)
                    segment.ended_at = max(self._judged, end)
                    segment.close(end, voice_end, audio, reason, clear_ms=clear_ms)
                    self._spoken_to = voice_end
                    if reason is EndReason.FINALIZE and end - voice_end < _GOING_ON_SAMPLES:
                        self._cut_at = end
                    self._closed.append(segment)
                    if self._segmenter.state is not State.SPEECH:  # it doesn't go on behind a cut
                        yield SpeechEnded(self.index, voice_end // SAMPLES_PER_MS)
                    yield from self._release()

    def _lead(self, start: int) -> int:
        """How much of the audio before a segment its final needs: some, where speech was cut."""
        if start != self._cut_at:
            return 0
        return min(_LEAD_SAMPLES, start - self._ring.start)

    def _before(self, start: int) -> Before | None:
        """What came right before a segment, if somebody spoke there."""
        if self._spoken_to is None or start - self._spoken_to > _SOON_SAMPLES:
            return None
        # A copy: what is read keeps all of the memory that it lies in.
        audio = self._ring.read(max(self._ring.start, start - _BEFORE_SAMPLES), start).copy()
        return Before(audio, start, self._spoken_to, self._said)

    # -- work ----------------------------------------------------------------------------------

    def work(self) -> Iterator[DecodeRequest]:
        """Yield what could be decoded now: waiting finals, oldest first, or else a partial."""
        for segment in self._closed:
            if segment.undecided:
                yield segment.final_request(self._heard.codes)
        segment = self._open  # type: ignore[assignment]
        if segment is None or segment.in_flight or any(each.undecided for each in self._closed):
            return
        span = None
        if segment.config.partials:
            span = segment.window.due(self._ring.end, self._segmenter.voice_end)
        if span is None:
            yield from self._early_work(segment)
            return
        end = min(span.end, self._ring.end)
        unknown = segment.config.language is None and not self._heard.codes
        if unknown and end - segment.start < _DETECTABLE_SAMPLES:
            return
        audio = self._ring.read(span.start, end)
        if segment.is_whole(span):
            yield segment.early_request(audio, self._heard.codes, shown=True)
        else:
            yield segment.partial_request(audio, span, heard=self._heard.codes)

    def _early_work(self, segment: Segment) -> Iterator[DecodeRequest]:
        """In a pause that may be the end: the whole segment, as its final would have it."""
        voice_end = self._segmenter.voice_end
        early = min(_EARLY_SAMPLES, _EARLY_SHARE * self._segmenter.silence_at(self._ring.end))
        if self._ring.end - voice_end < max(COVERED, early):
            return
        if segment.early_due(voice_end):
            audio = self._ring.read(segment.audio_start, voice_end + COVERED)
            yield segment.early_request(audio, self._heard.codes)
        elif segment.early_again():
            yield segment.again_request(Kind.EARLY, self._heard.codes)

    def begin(self, request: DecodeRequest) -> None:
        """Note that a request is being decoded."""
        segment = self._find(request.segment)
        if segment is not None:
            segment.begun(request)

    def done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> list[Event]:
        """Take an answer, or None for one that failed; return what became known by it."""
        segment = self._find(request.segment)
        if segment is None:
            return []
        segment.answered(request, hypothesis)
        if hypothesis is None:
            return []
        if request.kind is Kind.EARLY:
            if segment is self._open:
                segment.early_done(hypothesis)
                return self._heard_so_far(segment, request, hypothesis)
            if not segment.covered_by(request.end_sample):
                return []
        if request.kind is not Kind.PARTIAL:
            if not segment.final_done(hypothesis):
                return []
            return list(self._release())
        if segment is not self._open:  # its final is on the way: a partial would come too late
            return []
        return self._heard_so_far(segment, request, hypothesis)

    def _heard_so_far(
        self, segment: Segment, request: DecodeRequest, hypothesis: Hypothesis
    ) -> list[Event]:
        """Tell the segmenter what the words so far amount to, and the client what they are."""
        complete = completes_sentence(hypothesis)
        self._segmenter.note_sentence(request.end_sample, complete=complete)
        sentence = complete and not request.cut_off
        partial = None
        if request.waited_for:
            partial = segment.partial_done(request, hypothesis, sentence=sentence)
        elif sentence:
            partial = segment.sentence_done(request, hypothesis)
        return [*self._announce(segment, hypothesis), partial] if partial is not None else []

    def _release(self) -> Iterator[Event]:
        """Let finals out in the order of their segments."""
        while self._closed and self._closed[0].outcome is not None:
            segment = self._closed.popleft()
            if isinstance(segment.outcome, Final) and segment.heard is not None:
                yield from self._announce(segment, segment.heard)
                self._heard.hear(segment.heard.language, segment.heard.language_confidence)
                self._said.hear(segment.said, segment.heard.language, segment.end)
            else:
                self._said.nothing(segment.end)
            if isinstance(segment.outcome, Final | Suppressed):
                yield segment.outcome

    def _find(self, number: int) -> Segment | None:
        if self._open is not None and self._open.number == number:
            return self._open
        return next((segment for segment in self._closed if segment.number == number), None)

    def _announce(self, segment: Segment, hypothesis: Hypothesis) -> Iterator[Event]:
        """Tell the detected language of what is about to be shown, if it is another one.

        Before anything has been heard for good, that of a partial stands in for it.
        """
        code, confidence = hypothesis.language, hypothesis.language_confidence
        if segment.config.language is not None or not believed(confidence):
            return
        if not self._heard.codes:
            self._heard.hear(code, confidence)
        if code != self._told:
            self._told = code
            yield LanguageDetected(self.index, code, confidence)
