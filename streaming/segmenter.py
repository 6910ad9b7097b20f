"""Frames with speech flags in, segments out.

A segment is a range of samples that will be decoded as a whole. It opens when speech has been
confirmed, with a pre-roll so that the first consonant is in it, and closes at silence, at its
greatest length (cut at the best pause in its second half), or when told to. The transitions:

======================  =============================================  ===========
state                   on                                             goes to
======================  =============================================  ===========
SILENCE                 a sounding frame                               CANDIDATE
CANDIDATE               confirmed (enough voiced frames)               SPEECH
CANDIDATE               ``give_up`` without a sounding frame           SILENCE
SPEECH                  the silence that ends it: closed               SILENCE
SPEECH                  greatest length: cut, the rest opens anew      SPEECH
SPEECH                  greatest length, and no voice behind the cut   SILENCE
any                     :meth:`Segmenter.cut`                          SILENCE
======================  =============================================  ===========

The silence is counted from the last frame that was voiced and not fading (of a fading voice 160 ms
at most count as silence), and is a shorter one where :meth:`Segmenter.note_sentence` has heard that
the words so far are one, and where the segment is long already.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from streaming.endpointing import Endpointing
from streaming.events import EndReason
from streaming.vad import FRAME_SAMPLES, Activity

_SAMPLES_PER_MS = 16


class State(Enum):
    """Where a channel is between silence and speech."""

    SILENCE = auto()
    CANDIDATE = auto()
    SPEECH = auto()


@dataclass(frozen=True, slots=True)
class Opened:
    """A segment began at ``start``; ``resumed`` when it continues one that was cut for length."""

    start: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """A segment ended: decode ``[start, end)``; the last voice in it ended at ``voice_end``.

    ``clear_ms`` is how much of it is a voice without doubt.
    """

    start: int
    end: int
    voice_end: int
    reason: EndReason
    clear_ms: int = field(default=0, compare=False)


Step = Opened | Closed

_PRE_ROLL = 300 * _SAMPLES_PER_MS
_POST_ROLL = 240 * _SAMPLES_PER_MS
_CONFIRM_FRAMES = 8  # 160 ms of voiced frames open a segment
_DOUBTFUL_FRAMES = 4  # 80 ms of them are enough when the sound is already over
_GIVE_UP = 400 * _SAMPLES_PER_MS
_LONGEST_FADE = 160 * _SAMPLES_PER_MS
_CLEAR = 0.6  # knocks are taken for a voice by less, in a large hall a voice by little more


@dataclass(slots=True)
class _FrameNote:
    start: int
    voiced: bool
    level: float
    clear: bool


class Segmenter:
    """One channel's endpointing; positions are absolute samples at 16 kHz."""

    def __init__(self, endpointing: Endpointing) -> None:
        self.endpointing = endpointing
        self._state = State.SILENCE
        self._floor = 0
        self._start = 0
        self._voice_end = 0
        self._quiet_from = 0
        self._completed_at = -1
        self._sound_end = 0
        self._voiced_frames = 0
        self._notes: deque[_FrameNote] = deque()

    @property
    def state(self) -> State:
        """Where the channel is."""
        return self._state

    @property
    def start(self) -> int | None:
        """Where the open segment or candidate starts, or None in silence."""
        return None if self._state is State.SILENCE else self._start

    @property
    def voice_end(self) -> int:
        """One past the last voiced sample heard."""
        return self._voice_end

    def silence_at(self, position: int) -> int:
        """Return how many samples of silence would end at ``position`` the segment open now."""
        silence_ms = self.endpointing.silence_after(
            (position - self._start) // _SAMPLES_PER_MS,
            sentence=self._completed_at == self._voice_end,
        )
        return silence_ms * _SAMPLES_PER_MS

    def earliest(self, position: int) -> int:
        """Return the first sample that a segment open now or later may hold.

        ``position`` is where the next frame will start. Never goes back: the pre-roll of a
        segment that is still to open is kept out of what counts as decided.
        """
        if self._state is State.SILENCE:
            return max(self._floor, position - _PRE_ROLL)
        return self._start

    def push(self, position: int, activity: Activity) -> list[Step]:
        """Take the frame that starts at sample ``position``."""
        end = position + FRAME_SAMPLES
        if activity.sounding:
            self._sound_end = end
        if self._state is State.SILENCE:
            if not activity.sounding:
                return []
            self._state = State.CANDIDATE
            self._start = max(self._floor, position - _PRE_ROLL)
            self._voiced_frames = 0
            self._notes.clear()
        clear = activity.voiced and activity.probability >= _CLEAR
        self._notes.append(_FrameNote(position, activity.voiced, activity.level, clear))
        if activity.voiced:
            self._voice_end = end
            self._voiced_frames += 1
            if not activity.fading:
                self._quiet_from = end
        if self._state is State.CANDIDATE:
            return self._candidate(end)
        return self._speech(end)

    def note_sentence(self, through: int, *, complete: bool) -> None:
        """Note whether the words up to sample ``through`` are a sentence.

        That counts while there is no voice behind them, and of several opinions the last one.
        """
        if self._voice_end <= through:
            self._completed_at = self._voice_end if complete else -1

    def cut(self, position: int, reason: EndReason) -> list[Step]:
        """End whatever is open at ``position``; a doubtful candidate is given the benefit."""
        steps: list[Step] = []
        if self._state is State.CANDIDATE and self._voiced_frames >= 2:
            steps.append(Opened(self._start, False))
            self._state = State.SPEECH
        if self._state is State.SPEECH:
            steps.append(self._closed(position, min(self._voice_end, position), reason))
        self._state = State.SILENCE
        self._floor = position
        return steps

    def _candidate(self, end: int) -> list[Step]:
        if self._voiced_frames >= _CONFIRM_FRAMES:
            self._state = State.SPEECH
            return [Opened(self._start, False)]
        if end - self._sound_end < _GIVE_UP:
            self._follow(end)
            return []
        if self._voiced_frames < _DOUBTFUL_FRAMES:
            self._state = State.SILENCE
            return []
        self._state = State.SPEECH
        return [Opened(self._start, False), *self._speech(end)]

    def _follow(self, end: int) -> None:
        """A sound that goes on without being speech drags its start behind it.

        Otherwise an hour of hum would be an hour-long candidate. What was voiced stays inside.
        """
        horizon = end - _LONGEST_DOUBT
        if self._start >= horizon:
            return
        while self._notes and self._notes[0].start < horizon:
            note = self._notes.popleft()
            self._voiced_frames -= note.voiced
        self._start = max(self._start, horizon)

    def _is_over(self, end: int) -> bool:
        """Whether the silence so far ends the segment."""
        quiet_from = max(self._quiet_from, self._voice_end - _LONGEST_FADE)
        return end - quiet_from >= self.silence_at(end)

    def _speech(self, end: int) -> list[Step]:
        if end > self._voice_end and self._is_over(end):
            close = min(end, self._voice_end + _POST_ROLL)
            step = self._closed(close, self._voice_end, EndReason.SILENCE)
            self._state = State.SILENCE
            self._floor = close
            return [step]
        if end - self._start >= self.endpointing.max_segment_ms * _SAMPLES_PER_MS:
            cut = self._best_pause(end)
            voice_end = self._voice_end_before(cut)
            step = self._closed(cut, voice_end, EndReason.MAX_LENGTH)
            self._start = self._floor = cut
            if self._voice_end <= cut:  # cut in a pause still going on: nothing to go on with
                self._state = State.SILENCE
                return [step]
            while self._notes and self._notes[0].start < cut:
                self._notes.popleft()
            return [step, Opened(cut, True)]
        return []

    def _closed(self, end: int, voice_end: int, reason: EndReason) -> Closed:
        frames = sum(note.clear for note in self._notes if note.start < end)
        clear_ms = frames * FRAME_SAMPLES // _SAMPLES_PER_MS
        return Closed(self._start, end, voice_end, reason, clear_ms)

    def _best_pause(self, end: int) -> int:
        """The middle of the longest pause in the second half, else its quietest 100 ms."""
        voiced = next((note.start for note in self._notes if note.voiced), self._start)
        half = max(self._start + (end - self._start) // 2, voiced)  # a voice on this side at least
        notes = [note for note in self._notes if note.start >= half]
        best_length = best_middle = length = 0
        for i, note in enumerate(notes):
            length = 0 if note.voiced else length + 1
            if length > best_length:
                best_length, best_middle = length, i - length // 2
        if best_length >= _PAUSE_FRAMES:
            return notes[best_middle].start
        width = 5
        if len(notes) <= width:
            return end
        sums = [
            (sum(note.level for note in notes[i : i + width]), -i)
            for i in range(len(notes) - width)
        ]
        quietest = -min(sums)[1]
        return notes[quietest + width // 2].start

    def _voice_end_before(self, cut: int) -> int:
        voiced = [n.start + FRAME_SAMPLES for n in self._notes if n.voiced and n.start < cut]
        return min(voiced[-1], cut) if voiced else cut


_PAUSE_FRAMES = 4
_LONGEST_DOUBT = 2_000 * _SAMPLES_PER_MS
