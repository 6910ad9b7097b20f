"""What one stream plays: recordings laid out on the stream's own time, with reference words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from load.decode import Samples, read_audio
from load.level import at_level
from load.manifest import Recording
from load.schedule import Cut
from load.wire import WireFormat


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording (or one channel of it) at its place in a stream."""

    file: str
    set: str
    channel: int
    start_s: float
    end_s: float
    text: str | None
    words: tuple[str, ...] = ()
    word_ends: tuple[float, ...] = ()
    """Seconds of stream time, one per word; empty where no alignment is known."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A stream's audio and everything that is said in it.

    A stream longer than its audio plays it over and over, up to ``length`` frames.
    """

    name: str
    format: WireFormat
    samples: Samples
    utterances: tuple[Utterance, ...]
    language: str | None
    cuts: tuple[Cut, ...] = ()
    length: int | None = None

    @property
    def frames(self) -> int:
        """Frames that are played."""
        return int(self.samples.shape[1]) if self.length is None else self.length

    @property
    def duration_s(self) -> float:
        """Seconds of audio."""
        return self.frames / self.format.sample_rate

    def of_channel(self, channel: int) -> tuple[Utterance, ...]:
        """The utterances of one channel in the order of their start."""
        return tuple(u for u in self.utterances if u.channel == channel)


def single(
    recording: Recording,
    format: WireFormat,
    *,
    tail_s: float = 0.0,
    dbfs: float | None = None,
) -> Programme:
    """One recording as a session of its own, with ``tail_s`` of silence after it.

    A recording with a text for each channel is played with its channels, any other as one.
    """
    channels = len(recording.texts)
    own = WireFormat(format.encoding, format.sample_rate, channels)
    audio = at_level(read_audio(recording.path, own.sample_rate, channels), own.sample_rate, dbfs)
    tail = np.zeros((channels, round(tail_s * own.sample_rate)), np.float32)
    return Programme(
        name=recording.file,
        format=own,
        samples=np.concatenate([audio, tail], axis=1),
        utterances=tuple(
            place(recording, channel, 0.0, audio.shape[1] / own.sample_rate)
            for channel in range(channels)
        ),
        language=recording.language,
    )


def continuous(
    recordings: Sequence[Recording],
    format: WireFormat,
    *,
    streams: int,
    seconds: float | None,
    gap_s: float,
    seed: int,
    dbfs: float | None = None,
) -> list[Programme]:
    """``streams`` programmes of recordings one after the other, ``gap_s`` of zeros between them.

    The recordings are shuffled once by ``seed``; stream *i* begins *i*/``streams`` of the way in,
    so that no two say the same thing at once, and goes round. ``seconds`` cuts after the recording
    in which it is reached; ``None`` plays every recording once. With several channels each channel
    is a track of its own, the shorter ones padded with zeros at the end. ``dbfs`` brings every
    recording to one level.
    """
    playable = [recording for recording in recordings if len(recording.texts) == 1]
    if not playable:
        raise ValueError("continuous mode needs recordings with one text")
    order = list(playable)
    random.Random(seed).shuffle(order)
    tracks = streams * format.channels
    offsets = [len(order) * index // tracks for index in range(tracks)]
    programmes = []
    for stream in range(streams):
        own = offsets[stream * format.channels : (stream + 1) * format.channels]
        laid = [
            _track(order, offset, channel, format, seconds, gap_s, dbfs)
            for channel, offset in enumerate(own)
        ]
        length = max(samples.shape[1] for samples, _ in laid)
        mixed = np.zeros((format.channels, length), np.float32)
        for channel, (samples, _) in enumerate(laid):
            mixed[channel, : samples.shape[1]] = samples[0]
        languages = {recording.language for recording in playable}
        programmes.append(
            Programme(
                name=f"stream-{stream}",
                format=format,
                samples=mixed,
                utterances=tuple(utterance for _, said in laid for utterance in said),
                language=languages.pop() if len(languages) == 1 else None,
            )
        )
    return programmes


def _track(
    order: Sequence[Recording],
    offset: int,
    channel: int,
    format: WireFormat,
    seconds: float | None,
    gap_s: float,
    dbfs: float | None,
) -> tuple[Samples, list[Utterance]]:
    rate = format.sample_rate
    gap = np.zeros((1, round(gap_s * rate)), np.float32)
    blocks: list[Samples] = []
    said: list[Utterance] = []
    position = 0
    index = offset
    while True:
        recording = order[index % len(order)]
        audio = at_level(read_audio(recording.path, rate), rate, dbfs)
        said.append(place(recording, channel, position / rate, (position + audio.shape[1]) / rate))
        blocks += [audio, gap]
        position += audio.shape[1] + gap.shape[1]
        index += 1
        if seconds is None:
            if index - offset == len(order):
                break
        elif position >= seconds * rate:
            break
    return np.concatenate(blocks, axis=1), said


def place(recording: Recording, channel: int, start_s: float, end_s: float) -> Utterance:
    """A recording as it is said in a stream between two moments of stream time."""
    text = recording.texts[channel if len(recording.texts) > 1 else 0]
    aligned = len(recording.texts) == 1
    return Utterance(
        file=recording.file,
        set=recording.set,
        channel=channel,
        start_s=start_s,
        end_s=end_s,
        text=text,
        words=tuple((text or "").split()),
        word_ends=tuple(start_s + end for end in recording.word_ends) if aligned else (),
    )
