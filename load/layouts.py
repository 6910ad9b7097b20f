"""Further layouts of recordings: calls in turns, push-to-talk, and streams that never end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from load.decode import Samples, read_audio
from load.level import at_level
from load.manifest import Recording
from load.programme import Programme, Utterance, place
from load.schedule import Cut
from load.wire import WireFormat


def in_turns(
    recordings: Sequence[Recording],
    format: WireFormat,
    *,
    streams: int,
    seconds: float | None,
    gap_s: float,
    seed: int,
    dbfs: float | None = None,
) -> list[Programme]:
    """Calls: one recording after the other, each on the next channel, the others silent.

    Order, beginnings and length are those of ``load.programme.continuous``.
    """
    programmes = []
    for index, order in enumerate(_orders(recordings, streams, seed)):
        said: list[Utterance] = []
        blocks: list[tuple[int, int, Samples]] = []
        position = 0
        rate = format.sample_rate
        for turn, recording in enumerate(_until(order, seconds)):
            audio = at_level(read_audio(recording.path, rate), rate, dbfs)
            channel = turn % format.channels
            end = position + audio.shape[1]
            said.append(place(recording, channel, position / rate, end / rate))
            blocks.append((channel, position, audio))
            position = end + round(gap_s * rate)
            if seconds is not None and position >= seconds * rate:
                break
        samples = np.zeros((format.channels, position), np.float32)
        for channel, first, audio in blocks:
            samples[channel, first : first + audio.shape[1]] = audio[0]
        programmes.append(
            Programme(f"call-{index}", format, samples, tuple(said), _language(recordings))
        )
    return programmes


def push_to_talk(
    recordings: Sequence[Recording],
    format: WireFormat,
    *,
    streams: int,
    seconds: float | None,
    pause_s: float,
    seed: int,
    dbfs: float | None = None,
) -> list[Programme]:
    """Radios: each recording is sent, then ``finalize``, then nothing at all for ``pause_s``.

    ``seconds`` counts the pauses too.
    """
    programmes = []
    rate = format.sample_rate
    for index, order in enumerate(_orders(recordings, streams, seed)):
        said: list[Utterance] = []
        blocks: list[Samples] = []
        cuts: list[Cut] = []
        position = 0
        for recording in _until(order, seconds):
            audio = at_level(read_audio(recording.path, rate), rate, dbfs)
            end = position + audio.shape[1]
            said.append(place(recording, 0, position / rate, end / rate))
            blocks.append(audio)
            cuts.append(Cut(end, pause_s, finalize=True))
            position = end
            if seconds is not None and position / rate + len(cuts) * pause_s >= seconds:
                break
        # Nobody waits after the last utterance: `end` follows its `finalize`.
        cuts[-1] = replace(cuts[-1], pause_s=0.0)
        programmes.append(
            Programme(
                f"radio-{index}",
                format,
                np.concatenate(blocks, axis=1),
                tuple(said),
                _language(recordings),
                tuple(cuts),
            )
        )
    return programmes


def looped(programme: Programme, seconds: float) -> Programme:
    """The programme over and over, to the end of the utterance in which ``seconds`` are reached.

    The audio is held once.
    """
    rate = programme.format.sample_rate
    lap_s = programme.samples.shape[1] / rate
    said: list[Utterance] = []
    laps = int(seconds / lap_s) + 1
    length_s = 0.0
    ordered = sorted(programme.utterances, key=lambda utterance: utterance.start_s)
    # An utterance that a shortened programme repeats already is one of a later lap.
    first_lap = [utterance for utterance in ordered if utterance.start_s < lap_s]
    for lap in range(laps):
        for utterance in first_lap:
            offset = lap * lap_s
            if utterance.start_s + offset >= seconds:
                break
            said.append(
                replace(
                    utterance,
                    start_s=utterance.start_s + offset,
                    end_s=utterance.end_s + offset,
                    word_ends=tuple(end + offset for end in utterance.word_ends),
                )
            )
            length_s = max(length_s, utterance.end_s + offset)
    return replace(programme, utterances=tuple(said), length=round(length_s * rate))


def _orders(
    recordings: Sequence[Recording], streams: int, seed: int
) -> list[tuple[Recording, ...]]:
    """The recordings in one shuffled order, for each stream from another place on."""
    order = [recording for recording in recordings if len(recording.texts) == 1]
    if not order:
        raise ValueError("this layout needs recordings with one text")
    random.Random(seed).shuffle(order)
    starts = [len(order) * index // streams for index in range(streams)]
    return [(*order[start:], *order[:start]) for start in starts]


def _until(order: Sequence[Recording], seconds: float | None) -> Sequence[Recording]:
    """Once round without a length; as often as it may take with one (whoever asks stops)."""
    if seconds is None:
        return order
    longest = sum(recording.duration_s for recording in order)
    return [*order] * (int(seconds / max(longest, 0.1)) + 1)


def _language(recordings: Sequence[Recording]) -> str | None:
    languages = {recording.language for recording in recordings}
    return languages.pop() if len(languages) == 1 else None
