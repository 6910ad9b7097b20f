"""Decoding of many formats, whole and broken."""

from __future__ import annotations

import io
import random
import struct
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streaming.media import Media, MediaError
from streaming.media.base import BLOCK_SAMPLES
from streaming.media.decoder import decode_media
from tests.support.media_files import FILES, decoded, encode, pitch, tone


def open_media(path: Path, *, mix: bool = False, block_samples: int = BLOCK_SAMPLES) -> Media:
    """In this process: these files are our own."""
    data = io.BytesIO(path.read_bytes())
    return decode_media(data, name=path.name, mix=mix, block_samples=block_samples)


@pytest.mark.parametrize(("file", "codec", "rate", "channels"), FILES)
def test_formats(tmp_path: Path, file: str, codec: str, rate: int, channels: int) -> None:
    sound = tone(rate, 2.5, *(440.0, 1_000.0)[:channels])
    path = encode(tmp_path / file, codec, sound, rate)
    media = open_media(path)
    info = media.info
    assert (info.name, info.sample_rate) == (file, rate)
    assert (info.channels, info.source_channels) == (channels, channels)
    assert info.codec.removeprefix("lib") in codec or info.codec.startswith("mp3")
    if file != "a.aac":  # an estimate
        assert info.duration_ms == pytest.approx(2_500, abs=110)
    samples = decoded(media)
    assert media.damage is None
    # Lossy codecs add up to a few frames of padding.
    assert samples.shape[1] == pytest.approx(40_000, abs=2_500)
    for channel, frequency in zip(samples, (440.0, 1_000.0), strict=False):
        middle = channel[8_000:32_000]
        assert pitch(middle) == pytest.approx(frequency, abs=2)
        assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.25 / np.sqrt(2), rel=0.1)


def test_lossless_files_come_back_sample_by_sample(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).integers(-32768, 32768, 50_000).astype(np.int16)
    for file, codec in (("a.flac", "flac"), ("a.wav", "pcm_s16le")):
        path = encode(tmp_path / file, codec, (sound / 32768).astype(np.float32)[None], 16_000)
        assert np.array_equal(decoded(open_media(path))[0] * 32768, sound)


def test_8_khz_mulaw_has_exactly_twice_the_samples(tmp_path: Path) -> None:
    path = encode(tmp_path / "call.wav", "pcm_mulaw", tone(8_000, 1.2345, 700.0), 8_000)
    assert decoded(open_media(path)).shape == (1, 2 * int(8_000 * 1.2345))


def test_blocks_are_of_bounded_size(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.flac", "flac", tone(16_000, 3.3, 300.0), 16_000)
    with open_media(path) as media:
        lengths = [block.shape[1] for block in media]
    assert lengths == [BLOCK_SAMPLES] * 3 + [4_800]
    with open_media(path, block_samples=1_000) as media:
        assert {block.shape[1] for block in media} == {1_000, 800}


def test_mixing_folds_all_channels_into_one(tmp_path: Path) -> None:
    stereo = encode(tmp_path / "s.wav", "pcm_f32le", tone(16_000, 1, 440.0, 1_000.0), 16_000)
    media = open_media(stereo, mix=True)
    assert (media.info.channels, media.info.source_channels) == (1, 2)
    mixed = decoded(media)
    assert np.allclose(mixed[0], tone(16_000, 1, 440.0, 1_000.0).mean(axis=0), atol=1e-6)


def test_film_sound_is_mixed_with_speech_in_front(tmp_path: Path) -> None:
    sound = np.zeros((6, 16_000), np.float32)
    for channel, frequency in ((0, 300.0), (2, 1_000.0), (3, 60.0), (4, 2_000.0)):
        sound[channel] = tone(16_000, 1, frequency)[0]
    path = encode(tmp_path / "film.wav", "pcm_f32le", sound, 16_000)
    with open_media(path) as media:
        assert media.info.channels == 6
    mixed = decoded(open_media(path, mix=True))[0]
    spectrum = np.abs(np.fft.rfft(mixed))
    left, centre, boom, rear = (float(spectrum[f]) for f in (300, 1_000, 60, 2_000))
    assert centre > left > rear > 100 * boom


def test_a_film_gives_its_sound(tmp_path: Path) -> None:
    for file, codec in (("a.mp4", "aac"), ("a.mkv", "pcm_s16le"), ("a.avi", "libmp3lame")):
        path = encode(tmp_path / file, codec, tone(44_100, 2, 440.0), 44_100, video=True)
        samples = decoded(open_media(path))
        assert samples.shape[1] == pytest.approx(32_000, abs=2_500)
        assert pitch(samples[0][8_000:24_000]) == pytest.approx(440, abs=2)


def test_sound_that_begins_after_the_pictures_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as out:
        picture: Any = out.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        stream: Any = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for _ in range(20):
            image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            out.mux(picture.encode(image))
        out.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(np.full((1, 16_000), 8_000, np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 16_000, 12_000
        out.mux(stream.encode(frame))
    samples = decoded(open_media(path))[0]
    assert samples.shape == (28_000,)
    assert int(np.argmax(samples > 0)) == pytest.approx(12_000, abs=16)


def test_pictures_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as out:
        picture: Any = out.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
        out.mux(picture.encode(image))
        out.mux(picture.encode(None))
    with pytest.raises(MediaError, match=r"'silent\.mp4' has no audio in it"):
        open_media(path)


def test_a_header_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "none.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
    with pytest.raises(MediaError, match=r"'none\.wav' has no sound"), open_media(path) as media:
        list(media)


@pytest.mark.parametrize(
    ("file", "codec"),
    [("t.flac", "flac"), ("t.mkv", "libopus"), ("t.mka", "flac")],
)
def test_a_file_cut_short_gives_what_is_there_and_says_so(
    tmp_path: Path, file: str, codec: str
) -> None:
    rate = 48_000 if codec == "libopus" else 16_000
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (1, rate * 10)).astype(np.float32)
    path = encode(tmp_path / file, codec, noise, rate)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    media = open_media(path)
    samples = decoded(media)
    assert 60_000 < samples.shape[1] < 100_000
    assert media.damage is not None
    assert media.damage.startswith(f"'{file}' is damaged: ")


def test_a_wav_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    path = encode(tmp_path / "t.wav", "pcm_s16le", tone(16_000, 10, 440.0), 16_000)
    path.write_bytes(path.read_bytes()[: 44 + 80_001])
    assert decoded(open_media(path)).shape[1] == pytest.approx(40_000, abs=64)


def test_an_index_that_was_cut_off_leaves_nothing(tmp_path: Path) -> None:
    path = encode(tmp_path / "t.m4a", "aac", tone(44_100, 5, 440.0), 44_100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(MediaError, match=r"'t\.m4a' is not a media file FFmpeg can read"):
        open_media(path)


@pytest.mark.parametrize(
    ("file", "codec", "low"),
    [
        # MP3 has no time stamps: what follows the hole moves up.
        ("t.mp3", "libmp3lame", 140_000),
        # Elsewhere the hole is silence in its place, and what follows keeps its time.
        ("t.ogg", "libopus", 156_000),
        ("t.flac", "flac", 156_000),
    ],
)
def test_a_hole_in_the_middle_costs_no_more_than_the_hole(
    tmp_path: Path, file: str, codec: str, low: int
) -> None:
    rate = 48_000 if codec == "libopus" else 16_000
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (1, rate * 10)).astype(np.float32)
    path = encode(tmp_path / file, codec, noise, rate)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2_000] = random.Random(1).randbytes(2_000)
    path.write_bytes(data)
    assert low <= decoded(open_media(path)).shape[1] <= 164_000


def test_floats_that_are_no_numbers_become_silence(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    body = struct.pack("<4f", 0.5, float("nan"), float("inf"), -7.0) * 100
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 3, 1,
                         16_000, 64_000, 4, 32, b"data", len(body))  # fmt: skip
    path.write_bytes(header + body)
    assert decoded(open_media(path))[0][:4].tolist() == [0.5, 0.0, 1.0, -1.0]
