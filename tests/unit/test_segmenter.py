"""Frames to segments: when they open, what is in them, and where they end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from streaming.endpointing import Endpointing
from streaming.events import EndReason
from streaming.segmenter import Closed, Opened, Segmenter, State, Step
from streaming.vad import FRAME_SAMPLES, Activity

MS = 16
PRE_ROLL = 300 * MS

VOICE = Activity(voiced=True, sounding=True, probability=1.0, level=0.3)
FADING = Activity(voiced=True, sounding=True, probability=0.4, level=0.05, fading=True)
SOUND = Activity(voiced=False, sounding=True, probability=0.1, level=0.02)
QUIET = Activity(voiced=False, sounding=False, probability=0.0, level=0.0)


class Feed:
    """A segmenter and where it is in the stream."""

    def __init__(
        self,
        silence_ms: int = 700,
        max_segment_ms: int = 20_000,
        sentence_silence_ms: int | None = None,
    ) -> None:
        self.segmenter = Segmenter(Endpointing(silence_ms, max_segment_ms, sentence_silence_ms))
        self.position = 0

    def __call__(self, activity: Activity, count: int) -> list[Step]:
        steps: list[Step] = []
        for _ in range(count):
            steps += self.segmenter.push(self.position, activity)
            self.position += FRAME_SAMPLES
        return steps

    def all(self, *runs: tuple[Activity, int]) -> list[Step]:
        return [step for activity, count in runs for step in self(activity, count)]


def ms(samples: int) -> int:
    return samples // MS


def only(steps: Sequence[Step]) -> Step:
    assert len(steps) == 1, steps
    return steps[0]


def test_an_utterance_opens_with_its_pre_roll_and_closes_after_the_silence() -> None:
    feed = Feed()
    assert feed(QUIET, 50) == []
    assert only(feed(VOICE, 50)) == Opened(start=1_000 * MS - PRE_ROLL, resumed=False)
    closed = only(feed(QUIET, 35))
    assert closed == Closed(
        start=700 * MS, end=2_240 * MS, voice_end=2_000 * MS, reason=EndReason.SILENCE
    )
    assert feed.segmenter.state is State.SILENCE
    assert feed.segmenter.start is None


def test_the_silence_counts_from_the_last_voiced_frame() -> None:
    feed = Feed(silence_ms=500)
    feed(VOICE, 20)
    assert feed(SOUND, 24) == []
    assert only(feed(SOUND, 1)).start == 0


def test_pre_roll_does_not_begin_before_the_stream_nor_inside_the_segment_before() -> None:
    feed = Feed(silence_ms=100)
    assert only(feed(VOICE, 8)) == Opened(0, False)
    closed = only(feed(QUIET, 5))
    assert isinstance(closed, Closed)
    opened = only(feed(VOICE, 8))
    assert isinstance(opened, Opened)
    assert opened.start == closed.end


def test_a_click_opens_nothing() -> None:
    feed = Feed()
    assert feed.all((VOICE, 3), (QUIET, 100)) == []
    assert feed.segmenter.state is State.SILENCE


def test_a_short_word_opens_when_its_sound_is_over() -> None:
    feed = Feed()
    opened, closed = feed.all((QUIET, 30), (VOICE, 4), (QUIET, 60))
    assert opened == Opened(300 * MS, False)
    assert closed == Closed(300 * MS, (680 + 240) * MS, 680 * MS, EndReason.SILENCE)


def test_an_hour_of_hum_is_no_hour_long_segment() -> None:
    feed = Feed()
    assert feed(SOUND, 50 * 60) == []
    assert feed.segmenter.state is State.CANDIDATE
    start = feed.segmenter.start
    assert start is not None
    assert feed.position - start <= 2_020 * MS
    opened = only(feed(VOICE, 8))
    assert isinstance(opened, Opened)
    assert feed.position - opened.start <= 2_200 * MS
    assert feed.position - opened.start >= PRE_ROLL


def test_voices_too_rare_for_speech_do_not_add_up() -> None:
    feed = Feed()
    for _ in range(20):
        assert feed.all((VOICE, 1), (SOUND, 49)) == []


def test_the_cap_cuts_at_the_longest_pause_of_the_second_half() -> None:
    feed = Feed(max_segment_ms=4_000)
    steps = feed.all(
        (VOICE, 50), (QUIET, 20), (VOICE, 50), (QUIET, 4), (VOICE, 32), (QUIET, 7), (VOICE, 40)
    )
    assert steps[0] == Opened(0, False)
    # Frames 156 to 163 are the longest pause behind the middle, though not the longest of all.
    assert isinstance(steps[1], Closed)
    assert (steps[1].start, steps[1].reason) == (0, EndReason.MAX_LENGTH)
    assert 157 <= steps[1].end // FRAME_SAMPLES <= 162
    assert steps[1].voice_end == 156 * FRAME_SAMPLES
    assert steps[2:] == [Opened(steps[1].end, True)]


def test_a_long_segment_ends_at_a_shorter_silence() -> None:
    feed = Feed(silence_ms=700, max_segment_ms=20_000)
    assert feed.all((VOICE, 250), (QUIET, 34))[1:] == []
    assert feed(VOICE, 316) == []
    assert feed(QUIET, 19) == []
    closed = only(feed(QUIET, 1))
    assert isinstance(closed, Closed)
    assert (closed.end, closed.voice_end) == (12_240 * MS, 12_000 * MS)
    assert closed.reason is EndReason.SILENCE
    assert only(feed(VOICE, 8)) == Opened(12_240 * MS, False)


def test_the_cap_without_a_pause_cuts_where_it_is_quietest() -> None:
    soft = Activity(voiced=True, sounding=True, probability=1.0, level=0.05)
    feed = Feed(max_segment_ms=2_000)
    steps = feed.all((VOICE, 70), (soft, 5), (VOICE, 25))
    assert isinstance(steps[1], Closed)
    assert steps[1].end == 72 * FRAME_SAMPLES
    assert steps[2] == Opened(72 * FRAME_SAMPLES, True)


def test_endless_speech_is_cut_again_and_again_without_a_gap() -> None:
    feed = Feed(max_segment_ms=2_000)
    steps = feed(VOICE, 1_000)
    closed = [step for step in steps if isinstance(step, Closed)]
    assert len(closed) >= 10
    assert closed[0].start == 0
    assert all(a.end == b.start for a, b in pairwise(closed))
    assert all(0 < c.end - c.start <= 2_000 * MS for c in closed)


@pytest.mark.parametrize("trailing", range(4, 20))
def test_a_cap_reached_in_a_pause_leaves_no_segment_without_a_voice(trailing: int) -> None:
    """Once the piece behind the cut closed before it had begun, and its audio was unreadable."""
    # A pause any longer ends so long a segment by itself.
    feed = Feed(silence_ms=740, max_segment_ms=2_000)
    steps = feed.all((VOICE, 100 - trailing), (QUIET, trailing))
    closed = steps[-1]
    assert isinstance(closed, Closed)
    assert closed.reason is EndReason.MAX_LENGTH
    assert closed.voice_end <= closed.end <= 2_000 * MS
    assert feed.segmenter.state is State.SILENCE
    assert feed(QUIET, 100) == []
    assert isinstance(only(feed(VOICE, 8)), Opened)


def test_a_silence_longer_than_the_cap_is_not_decoded_in_slices() -> None:
    feed = Feed(silence_ms=5_000, max_segment_ms=2_000)
    feed(VOICE, 60)
    assert len(feed(QUIET, 1_000)) == 1


def test_speech_goes_on_behind_the_pause_in_which_the_cap_cut() -> None:
    feed = Feed(max_segment_ms=2_000)
    steps = feed.all((VOICE, 80), (QUIET, 20), (VOICE, 30), (QUIET, 35))
    first, second = [step for step in steps if isinstance(step, Closed)]
    assert first.end <= second.start <= 100 * FRAME_SAMPLES
    assert second.voice_end == 130 * FRAME_SAMPLES


@pytest.mark.parametrize("reason", [EndReason.FINALIZE, EndReason.END])
def test_cut_ends_what_is_open_at_the_given_sample(reason: EndReason) -> None:
    feed = Feed()
    feed(VOICE, 20)
    at = feed.position + 100
    assert feed.segmenter.cut(at, reason) == [Closed(0, at, 20 * FRAME_SAMPLES, reason)]
    assert feed.segmenter.state is State.SILENCE
    assert feed.segmenter.cut(at, reason) == []


def test_cut_gives_a_doubtful_candidate_the_benefit_but_not_a_click() -> None:
    feed = Feed()
    feed.all((QUIET, 10), (VOICE, 2))
    assert feed.segmenter.cut(feed.position, EndReason.END) == [
        Opened(0, False),
        Closed(0, 12 * FRAME_SAMPLES, 12 * FRAME_SAMPLES, EndReason.END),
    ]
    feed = Feed()
    feed.all((VOICE, 1), (QUIET, 5))
    assert feed.segmenter.cut(feed.position, EndReason.END) == []


def test_after_a_cut_nothing_reaches_back_before_it() -> None:
    feed = Feed()
    feed(VOICE, 20)
    feed.segmenter.cut(feed.position, EndReason.FINALIZE)
    assert only(feed(VOICE, 8)) == Opened(20 * FRAME_SAMPLES, False)


def test_a_shorter_silence_takes_effect_within_a_segment() -> None:
    feed = Feed(silence_ms=2_000)
    feed.all((VOICE, 20), (QUIET, 20))
    feed.segmenter.endpointing = Endpointing(silence_ms=300, max_segment_ms=20_000)
    closed = only(feed(QUIET, 1))
    assert isinstance(closed, Closed)
    assert closed.reason is EndReason.SILENCE


def test_what_may_still_be_in_a_segment_is_never_taken_back() -> None:
    feed = Feed(silence_ms=500)
    earliest = [feed.segmenter.earliest(0)]
    for activity, count in (
        (QUIET, 40), (SOUND, 10), (QUIET, 40), (VOICE, 30), (QUIET, 60), (SOUND, 200), (VOICE, 20)
    ):  # fmt: skip
        for _ in range(count):
            for step in feed(activity, 1):
                assert step.start >= earliest[-1]
            earliest.append(feed.segmenter.earliest(feed.position))
    assert earliest == sorted(earliest)
    feed.segmenter.cut(feed.position, EndReason.FINALIZE)
    assert feed.segmenter.earliest(feed.position) == feed.position


def test_a_fading_voice_counts_as_silence_already_but_is_not_cut_off() -> None:
    feed = Feed(silence_ms=700)
    feed.all((VOICE, 20), (FADING, 6))
    assert feed(QUIET, 28) == []
    closed = only(feed(QUIET, 1))
    assert isinstance(closed, Closed)
    assert closed.voice_end == 26 * FRAME_SAMPLES
    assert closed.end == closed.voice_end + 240 * MS


def test_a_voice_that_only_fades_for_long_is_no_silence() -> None:
    feed = Feed(silence_ms=300)
    feed(VOICE, 20)
    assert feed(FADING, 250) == []
    assert feed(QUIET, 6) == []
    assert isinstance(only(feed(QUIET, 1)), Closed)


def test_less_silence_is_enough_behind_a_sentence() -> None:
    feed = Feed(silence_ms=700, sentence_silence_ms=400)
    feed.all((VOICE, 20), (QUIET, 14))
    feed.segmenter.note_sentence(feed.segmenter.voice_end, complete=True)
    assert feed(QUIET, 5) == []
    assert only(feed(QUIET, 1)) == Closed(0, 640 * MS, 400 * MS, EndReason.SILENCE)


def test_a_sentence_known_late_ends_the_segment_at_once() -> None:
    feed = Feed(silence_ms=700, sentence_silence_ms=400)
    feed.all((VOICE, 20), (QUIET, 30))
    feed.segmenter.note_sentence(feed.segmenter.voice_end, complete=True)
    assert isinstance(only(feed(QUIET, 1)), Closed)


def test_a_sentence_to_which_something_was_added_is_forgotten() -> None:
    feed = Feed(silence_ms=700, sentence_silence_ms=400)
    feed.all((VOICE, 20), (QUIET, 10))
    feed.segmenter.note_sentence(feed.segmenter.voice_end, complete=True)
    feed(VOICE, 1)
    assert feed(QUIET, 34) == []
    assert isinstance(only(feed(QUIET, 1)), Closed)


def test_a_sentence_of_another_moment_ends_nothing() -> None:
    feed = Feed(silence_ms=700, sentence_silence_ms=400)
    feed(VOICE, 20)
    said = feed.segmenter.voice_end
    feed(VOICE, 5)
    feed.segmenter.note_sentence(said, complete=True)
    assert feed(QUIET, 34) == []


def test_of_two_opinions_on_the_same_words_the_last_one_counts() -> None:
    feed = Feed(silence_ms=700, sentence_silence_ms=400)
    feed(VOICE, 20)
    said = feed.segmenter.voice_end
    feed.segmenter.note_sentence(said, complete=True)
    feed.segmenter.note_sentence(said, complete=False)
    assert feed(QUIET, 34) == []
    feed.segmenter.note_sentence(said - FRAME_SAMPLES, complete=True)
    assert isinstance(only(feed(QUIET, 1)), Closed)


def test_how_much_of_a_segment_is_a_voice_without_doubt() -> None:
    doubtful = Activity(voiced=True, sounding=True, probability=0.55, level=0.3)
    feed = Feed(max_segment_ms=2_000)
    closed = [s for s in feed.all((doubtful, 30), (VOICE, 90), (QUIET, 40)) if type(s) is Closed]
    assert closed[0].clear_ms < 1_400
    assert sum(step.clear_ms for step in closed) == 90 * 20
