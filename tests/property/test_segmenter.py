"""Whatever is heard, segments are ordered, bounded, and leave out no speech."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.endpointing import Endpointing
from streaming.events import EndReason
from streaming.segmenter import Closed, Opened, Segmenter, State, Step
from streaming.vad import FRAME_SAMPLES, Activity

MS = 16

QUIET = Activity(voiced=False, sounding=False, probability=0.0, level=0.0)
SOUND = Activity(voiced=False, sounding=True, probability=0.1, level=0.02)
SOFT = Activity(voiced=True, sounding=True, probability=0.8, level=0.1)
FADING = Activity(voiced=True, sounding=True, probability=0.4, level=0.05, fading=True)
VOICE = Activity(voiced=True, sounding=True, probability=1.0, level=0.3)

endpointings = st.builds(
    Endpointing,
    silence_ms=st.integers(100, 5_000),
    max_segment_ms=st.sampled_from([2_000, 2_333, 4_000, 28_000]),
    sentence_silence_ms=st.none() | st.integers(100, 5_000),
)
runs = st.tuples(st.sampled_from([QUIET, SOUND, SOFT, FADING, VOICE]), st.integers(1, 130))
frames = st.lists(runs, min_size=1, max_size=12).map(
    lambda those: [activity for activity, count in those for _ in range(count)]
)


@dataclass
class Heard:
    """What came of a stream."""

    steps: list[Step]
    closed: list[Closed]
    end: int


def listen(
    endpointing: Endpointing,
    stream: list[Activity],
    cuts: frozenset[int],
    sentences: frozenset[int] = frozenset(),
) -> Heard:
    """Push every frame; before those in ``cuts`` the stream is finalized; at the end it ends.

    Before those in ``sentences`` the words so far turn out to be a sentence.
    """
    segmenter = Segmenter(endpointing)
    steps: list[Step] = []
    position = earliest = 0
    for index, activity in enumerate(stream):
        if index in cuts:
            position += 7  # part of a frame that is never judged
            steps += segmenter.cut(position, EndReason.FINALIZE)
            assert segmenter.state is State.SILENCE
        if index in sentences:
            segmenter.note_sentence(segmenter.voice_end, complete=True)
        now = segmenter.push(position, activity)
        assert all(step.start >= earliest for step in now)
        steps += now
        position += FRAME_SAMPLES
        assert segmenter.earliest(position) >= earliest
        earliest = segmenter.earliest(position)
        opened = sum(isinstance(step, Opened) for step in steps)
        closed = sum(isinstance(step, Closed) for step in steps)
        assert opened - closed == (segmenter.state is State.SPEECH)
    steps += segmenter.cut(position, EndReason.END)
    assert segmenter.start is None
    assert segmenter.earliest(position) == position
    return Heard(steps, [step for step in steps if isinstance(step, Closed)], position)


some_cuts = st.frozensets(st.integers(0, 600), max_size=4)


@settings(max_examples=120, deadline=None)
@given(endpointings, frames, some_cuts, some_cuts)
def test_segments_are_ordered_bounded_and_all_closed(
    endpointing: Endpointing,
    stream: list[Activity],
    cuts: frozenset[int],
    sentences: frozenset[int],
) -> None:
    heard = listen(endpointing, stream, cuts, sentences)
    assert len(heard.steps) == 2 * len(heard.closed)
    through = 0
    for opened, closed in zip(heard.steps[::2], heard.steps[1::2], strict=True):
        assert isinstance(opened, Opened)
        assert isinstance(closed, Closed)
        assert opened.start == closed.start
        assert through <= closed.start < closed.voice_end <= closed.end <= heard.end
        # Confirmed so late that its lead alone is as long as the smallest cap: cut at once.
        assert closed.end - closed.start <= max(endpointing.max_segment_ms, 2_400) * MS
        assert closed.start == through or not opened.resumed
        through = closed.end


@settings(max_examples=120, deadline=None)
@given(endpointings, frames, some_cuts)
def test_every_run_of_speech_is_in_the_segments(
    endpointing: Endpointing, stream: list[Activity], cuts: frozenset[int]
) -> None:
    heard = listen(endpointing, stream, cuts)
    covered = [(closed.start, closed.end) for closed in heard.closed]
    position, run = 0, list[int]()
    for index, activity in enumerate([*stream, QUIET]):
        if index in cuts:
            position += 7
        if index in cuts or not activity.voiced:
            if len(run) >= 8:
                for start in run:
                    assert any(first <= start and start < last for first, last in covered), (
                        f"the frame at {start} is in none of {covered}"
                    )
            run = []
        if activity.voiced:
            run.append(position)
        position += FRAME_SAMPLES


@settings(max_examples=120, deadline=None)
@given(endpointings, frames, some_cuts)
def test_a_segment_holds_a_voice_and_ends_when_it_should(
    endpointing: Endpointing, stream: list[Activity], sentences: frozenset[int]
) -> None:
    for closed in listen(endpointing, stream, frozenset(), sentences).closed:
        first, last = closed.start // FRAME_SAMPLES, -(-closed.voice_end // FRAME_SAMPLES)
        assert any(activity.voiced for activity in stream[first:last])
        if closed.reason is not EndReason.SILENCE:
            continue
        # Nobody spoke for as long as the silence, but for what was fading away already.
        faded = 0
        while faded < 8 and stream[last - 1 - faded].fading:
            faded += 1
        told = any(last <= index for index in sentences)
        waited = 0
        while (waited + faded) * FRAME_SAMPLES < MS * endpointing.silence_after(
            ((last + waited) * FRAME_SAMPLES - closed.start) // MS, sentence=told
        ):
            waited += 1
        assert not any(activity.voiced for activity in stream[last : last + waited])


@settings(max_examples=40, deadline=None)
@given(frames)
def test_what_never_was_voiced_never_opens(stream: list[Activity]) -> None:
    dumb = [activity if not activity.voiced else SOUND for activity in stream]
    assert listen(Endpointing(), dumb, frozenset()).steps == []
