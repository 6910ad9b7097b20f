from __future__ import annotations

import importlib
import math
import struct
import threading
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streaming.client import RecordingError
from streaming.client.recording import open_recording
from tests.support.media_files import encode

MS = 900


def tone(rate: int, channels: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Frames of a tone of its own for each channel."""
    t = np.arange(rate * MS // 1000)[:, None] / rate
    hertz = 200 * (1 + np.arange(channels))
    return (8000 * np.sin(2 * math.pi * hertz * t)).astype("<i2")


def wav(path: Path, rate: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone(rate, channels).tobytes())
    return path


def encoded(path: Path, codec: str, rate: int = 44_100, channels: int = 2) -> Path:
    return encode(path, codec, (tone(rate, channels).T / 32768).astype(np.float32), rate)


def test_16_bit_sound_comes_as_it_is(tmp_path: Path) -> None:
    with open_recording(wav(tmp_path / "a.wav")) as recording:
        assert (recording.encoding, recording.sample_rate, recording.channels) == (
            "pcm_s16le",
            16_000,
            1,
        )
        assert recording.duration_ms == MS
        pieces = list(recording.pieces(200))
    assert [recording.ms(len(piece)) for piece in pieces] == [200, 200, 200, 200, 100]
    assert b"".join(pieces) == tone(16_000, 1).tobytes()


def test_channels_are_mixed_or_kept(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", 8_000, 2)
    with open_recording(path) as recording:
        assert recording.channels == 1
        both = np.frombuffer(b"".join(recording.pieces()), "<i2")
    assert np.abs(both - tone(8_000, 2).mean(axis=1)).max() <= 1
    with open_recording(path, separate=True) as recording:
        assert recording.channels == 2
        assert b"".join(recording.pieces()) == tone(8_000, 2).tobytes()


@pytest.mark.parametrize(
    ("codec", "encoding", "frame_bytes"),
    [
        ("pcm_u8", "pcm_s16le", 2),
        ("pcm_s24le", "pcm_s16le", 2),
        ("pcm_s32le", "pcm_s16le", 2),
        ("pcm_f32le", "pcm_f32le", 4),
        ("pcm_f64le", "pcm_f32le", 4),
        ("pcm_mulaw", "mulaw", 1),
        ("pcm_alaw", "alaw", 1),
    ],
)
def test_every_kind_of_wav(tmp_path: Path, codec: str, encoding: str, frame_bytes: int) -> None:
    path = encoded(tmp_path / "a.wav", codec)
    frames = 44_100 * MS // 1000
    with open_recording(path, separate=True) as recording:
        assert (recording.encoding, recording.channels) == (encoding, 2)
        assert len(b"".join(recording.pieces())) == frames * frame_bytes * 2
    with open_recording(path) as recording:
        assert recording.encoding == "pcm_s16le"
        heard = np.frombuffer(b"".join(recording.pieces()), "<i2")
    assert heard.shape == (frames,)
    assert np.abs(heard - tone(44_100, 2).mean(axis=1)).max() < 400  # 8 bits are coarse


def test_a_file_cut_short_ends_with_its_last_whole_frame(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", channels=2)
    path.write_bytes(path.read_bytes()[: 44 + 4 * 100 + 3])
    with open_recording(path, separate=True) as recording:
        assert len(b"".join(recording.pieces())) == 400


def test_what_stands_behind_the_sound_is_not_heard(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"text")
    with open_recording(path) as recording:
        assert b"".join(recording.pieces()) == tone(16_000, 1).tobytes()


@pytest.mark.parametrize(
    ("name", "codec"), [("a.flac", "flac"), ("a.mp3", "mp3"), ("a.mka", "libopus")]
)
def test_other_formats_are_decoded(tmp_path: Path, name: str, codec: str) -> None:
    path = encoded(tmp_path / name, codec, 48_000)
    with open_recording(path, separate=True) as recording:
        assert (recording.encoding, recording.sample_rate, recording.channels) == (
            "pcm_s16le",
            16_000,
            2,
        )
        assert recording.duration_ms == pytest.approx(MS, abs=60)
        size = len(b"".join(recording.pieces()))
    assert recording.ms(size) == pytest.approx(MS, abs=60)


def test_rates_that_no_server_hears_are_resampled(tmp_path: Path) -> None:
    with open_recording(wav(tmp_path / "a.wav", 96_000)) as recording:
        assert recording.sample_rate == 16_000
        heard = np.frombuffer(b"".join(recording.pieces()), "<i2")
    assert len(heard) == pytest.approx(16 * MS, abs=32)
    assert np.abs(heard).max() == pytest.approx(8000, rel=0.05)


def test_without_pyav_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    path = encoded(tmp_path / "a.flac", "flac")
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(RecordingError, match="pip install av") as caught:
        open_recording(path)
    assert caught.value.code == "no_library"
    with open_recording(wav(tmp_path / "a.wav")) as recording:
        assert recording.duration_ms == MS


def test_what_is_no_sound_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words " * 100)
    with pytest.raises(RecordingError, match=r"'a\.txt'"):
        open_recording(tmp_path / "a.txt")
    with pytest.raises(RecordingError, match=r"'gone\.wav': No such file"):
        open_recording(tmp_path / "gone.wav")


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_it_may_be_closed_while_it_is_read(tmp_path: Path, name: str) -> None:
    path = wav(tmp_path / name) if name == "a.wav" else encoded(tmp_path / name, "flac")
    recording = open_recording(path)
    began = threading.Event()
    read: list[int] = []

    def reading() -> None:
        for piece in recording.pieces(1):
            read.append(len(piece))
            began.set()

    thread = threading.Thread(target=reading)
    thread.start()
    assert began.wait(10)
    recording.close()
    thread.join(10)
    assert not thread.is_alive()
