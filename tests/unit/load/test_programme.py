from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from load.decode import DecodeError, read_audio
from load.manifest import Recording
from load.programme import continuous, single
from load.wire import WireFormat

RATE = 16000


def recording(folder: Path, name: str, seconds: float, *, channels: int = 1) -> Recording:
    path = folder / f"{name}.wav"
    level = 1000 * (ord(name[0]) - ord("a") + 1)
    frames = np.full((round(seconds * RATE), channels), level, "<i2")
    frames[:, 1:] = -level
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames.tobytes())
    return Recording(
        path=path,
        file=path.name,
        set="made",
        language="en",
        kind="tone",
        texts=(name,) if channels == 1 else ("left", "right"),
        word_ends=(seconds / 2,) if channels == 1 else (),
        duration_s=seconds,
    )


def test_a_file_is_a_session_with_a_tail(tmp_path: Path) -> None:
    programme = single(recording(tmp_path, "a", 1.0), WireFormat(), tail_s=0.5)
    assert programme.duration_s == 1.5
    (utterance,) = programme.utterances
    assert (utterance.start_s, utterance.end_s, utterance.word_ends) == (0.0, 1.0, (0.5,))
    assert np.allclose(programme.samples[0, :RATE], 1000 / 32768)
    assert not programme.samples[0, RATE:].any()


def test_two_scored_channels_are_two_channels(tmp_path: Path) -> None:
    programme = single(recording(tmp_path, "a", 1.0, channels=2), WireFormat())
    assert programme.format.channels == 2
    assert [u.text for u in programme.of_channel(0)] == ["left"]
    assert [u.text for u in programme.of_channel(1)] == ["right"]
    assert programme.samples[0, 0] == -programme.samples[1, 0] != 0


def test_another_rate(tmp_path: Path) -> None:
    samples = read_audio(recording(tmp_path, "a", 1.0).path, 8000)
    assert samples.shape == (1, 8000)
    assert not samples.flags.writeable
    with pytest.raises(DecodeError, match="1 channels where 2"):
        read_audio(tmp_path / "a.wav", 8000, 2)
    (tmp_path / "rubbish.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(DecodeError, match=r"rubbish\.wav"):
        read_audio(tmp_path / "rubbish.wav", 8000)


def test_continuous_streams_begin_at_different_recordings(tmp_path: Path) -> None:
    files = [recording(tmp_path, name, 1.0) for name in "abcd"]
    first, second = continuous(files, WireFormat(), streams=2, seconds=None, gap_s=0.25, seed=3)
    assert first.duration_s == second.duration_s == 5.0
    assert sorted(u.file for u in first.utterances) == ["a.wav", "b.wav", "c.wav", "d.wav"]
    assert first.utterances[2].file == second.utterances[0].file
    assert [u.start_s for u in first.utterances] == [0.0, 1.25, 2.5, 3.75]
    assert [u.word_ends for u in first.utterances] == [(0.5,), (1.75,), (3.0,), (4.25,)]
    for utterance in first.utterances:
        begin = round(utterance.start_s * RATE)
        level = 1000 * (ord(utterance.file[0]) - ord("a") + 1) / 32768
        assert np.allclose(first.samples[0, begin : begin + RATE], level)
        assert not first.samples[0, begin + RATE : begin + RATE + RATE // 4].any()


def test_a_stream_ends_after_the_recording_in_which_its_length_is_reached(tmp_path: Path) -> None:
    files = [recording(tmp_path, name, 1.0) for name in "ab"]
    (programme,) = continuous(files, WireFormat(), streams=1, seconds=2.6, gap_s=0.0, seed=1)
    assert programme.duration_s == 3.0
    assert len(programme.utterances) == 3
    again = continuous(files, WireFormat(), streams=1, seconds=2.6, gap_s=0.0, seed=1)
    assert again[0].utterances == programme.utterances


def test_each_channel_is_a_track_of_its_own(tmp_path: Path) -> None:
    files = [recording(tmp_path, "a", 1.0), recording(tmp_path, "b", 2.0)]
    (programme,) = continuous(
        files, WireFormat(channels=2), streams=1, seconds=0.5, gap_s=0.0, seed=1
    )
    assert programme.samples.shape == (2, 2 * RATE)
    assert {u.channel for u in programme.utterances} == {0, 1}
    assert programme.of_channel(0)[0].file != programme.of_channel(1)[0].file
