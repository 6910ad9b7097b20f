"""Media files of many formats, made here by FFmpeg's own encoders, whole and broken."""

from __future__ import annotations

import io
import random
import struct
import wave
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt
import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.audio.g711 import encode_ulaw
from streaming.errors import BadMessage, WirescribeError
from streaming.media import Media, MediaError, open_media, open_pcm
from streaming.media.base import BLOCK_SAMPLES

Samples = npt.NDArray[np.float32]


def tone(rate: int, seconds: float, *frequencies: float) -> Samples:
    """One channel per frequency, shape (channels, n), a quarter of full scale."""
    t = np.arange(int(rate * seconds)) / rate
    return np.stack([0.25 * np.sin(2 * np.pi * f * t) for f in frequencies]).astype(np.float32)


def encode(
    path: Path,
    codec: str,
    sound: Samples,
    rate: int,
    *,
    form: str | None = None,
    video: bool = False,
) -> Path:
    """Write a media file; skips where this build of FFmpeg has no such encoder."""
    try:
        av.Codec(codec, "w")
    except av.error.FFmpegError:
        pytest.skip(f"this FFmpeg has no encoder {codec}")
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(sound)]
    with av.open(str(path), "w", format=form) as out:
        picture: Any = None
        if video:
            picture = out.add_stream("mpeg4", rate=10)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        stream: Any = out.add_stream(codec, rate=rate, layout=layout)
        if codec in ("opus", "vorbis"):
            stream.codec_context.options = {"strict": "experimental"}
        if picture is not None:
            for _ in range(int(10 * sound.shape[1] / rate)):
                image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
                out.mux(picture.encode(image))
            out.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", layout)
        frame.sample_rate = rate
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def decoded(media: Media) -> Samples:
    with media:
        blocks = list(media)
    assert all(block.dtype == np.float32 for block in blocks)
    assert all(block.shape[0] == media.info.channels for block in blocks)
    return np.concatenate(blocks, axis=1)


def pitch(samples: Samples) -> float:
    """The loudest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * 16_000 / len(samples)


FILES = [
    ("a.wav", "pcm_s16le", 16_000, 1),
    ("a.wav", "pcm_u8", 11_025, 1),
    ("a.wav", "pcm_s24le", 48_000, 2),
    ("a.wav", "pcm_f32le", 44_100, 2),
    ("a.wav", "pcm_f64le", 22_050, 1),
    ("a.wav", "pcm_mulaw", 8_000, 1),
    ("a.wav", "pcm_alaw", 8_000, 2),
    ("a.wav", "pcm_s16le", 96_000, 1),
    ("a.flac", "flac", 44_100, 2),
    ("a.mp3", "libmp3lame", 44_100, 2),
    ("a.ogg", "libopus", 48_000, 1),
    ("a.webm", "libopus", 48_000, 2),
    ("a.oga", "flac", 16_000, 1),
    ("a.m4a", "aac", 44_100, 2),
    ("a.aac", "aac", 44_100, 1),
    ("a.mka", "pcm_s16le", 32_000, 1),
    ("a.aiff", "pcm_s16be", 24_000, 1),
    ("a.au", "pcm_mulaw", 8_000, 1),
]


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


def test_file_objects_and_pipes_are_read_and_left_open(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.ogg", "libopus", tone(48_000, 1, 440.0), 48_000)
    data = io.BytesIO(path.read_bytes())
    media = open_media(data, name="upload.ogg")
    assert media.info.name == "upload.ogg"
    expected = decoded(media)
    assert not data.closed

    class Pipe(io.RawIOBase):
        """A source that can't seek."""

        def __init__(self) -> None:
            self._inner = io.BytesIO(path.read_bytes())

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._inner.readinto(buffer)

    assert np.array_equal(decoded(open_media(Pipe())), expected)  # type: ignore[arg-type]


def test_closing_early_lets_go_of_everything(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.wav", "pcm_s16le", tone(16_000, 5, 440.0), 16_000)
    handles = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    media = open_media(path)
    next(iter(media))
    media.close()
    media.close()
    if handles:
        assert len(list(Path("/proc/self/fd").iterdir())) == handles


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: None, "'x.wav' does not exist"),
        (lambda p: p.mkdir(), "'x.wav' is a directory"),
        (lambda p: p.write_bytes(b""), "'x.wav' is empty"),
        (lambda p: p.write_text("hello " * 1000), "'x.wav' is not a media file FFmpeg can read"),
        (lambda p: p.write_bytes(bytes(10_000)), "'x.wav' is not a media file FFmpeg can read"),
    ],
)
def test_what_is_no_media_file_is_refused_by_name(tmp_path: Path, make: Any, reason: str) -> None:
    path = tmp_path / "x.wav"
    make(path)
    with pytest.raises(MediaError) as caught:
        open_media(path)
    assert str(caught.value) == reason
    assert str(tmp_path) not in str(caught.value)
    assert isinstance(caught.value, WirescribeError)
    assert (caught.value.http_status, caught.value.retryable) == (415, False)


def test_an_empty_upload_and_an_impossible_path() -> None:
    with pytest.raises(MediaError, match="'stream' is empty"):
        open_media(io.BytesIO())
    with pytest.raises(MediaError, match="can't be read"):
        open_media("a\0b")


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


def test_garbage_never_crashes(tmp_path: Path) -> None:
    """Random bytes behind the first bytes of real formats, and real files with bytes changed."""
    random_bytes = random.Random(11)
    seeds = [
        encode(
            tmp_path / f"g{k}{Path(file).suffix}", codec, tone(rate, 0.5, 440.0), rate
        ).read_bytes()
        for k, (file, codec, rate, channels) in enumerate(FILES)
        if channels == 1
    ]
    for seed in seeds:
        for _ in range(12):
            data = bytearray(seed)
            if random_bytes.random() < 0.3:
                data[32:] = random_bytes.randbytes(random_bytes.randrange(1, 20_000))
            for _ in range(random_bytes.randrange(1, 40)):
                data[random_bytes.randrange(len(data))] = random_bytes.randrange(256)
            try:
                with open_media(io.BytesIO(data)) as media:
                    for block in media:
                        assert np.isfinite(block).all()
            except MediaError as error:
                assert str(error).startswith("'stream' ")


def test_playlists_can_not_reach_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = encode(tmp_path / "secret.wav", "pcm_s16le", tone(16_000, 1, 440.0), 16_000)
    monkeypatch.chdir(tmp_path)
    playlists = [
        "ffconcat version 1.0\nfile secret.wav\n",
        f"ffconcat version 1.0\nfile 'file:{secret}'\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    ]
    for text in playlists:
        with pytest.raises(MediaError), open_media(io.BytesIO(text.encode())) as media:
            list(media)
    for name in (f"concat:{secret}", f"file:{secret}", "http://127.0.0.1:9/x.wav"):
        with pytest.raises(MediaError, match="does not exist"):
            open_media(name)


def test_floats_that_are_no_numbers_become_silence(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    body = struct.pack("<4f", 0.5, float("nan"), float("inf"), -7.0) * 100
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 3, 1,
                         16_000, 64_000, 4, 32, b"data", len(body))  # fmt: skip
    path.write_bytes(header + body)
    assert decoded(open_media(path))[0][:4].tolist() == [0.5, 0.0, 1.0, -1.0]


def test_raw_pcm_from_a_stream() -> None:
    sound = (tone(8_000, 1, 440.0, 1_000.0) * 32767).astype(np.int16)
    data = encode_ulaw(np.ascontiguousarray(sound.T).reshape(-1))
    media = open_pcm(io.BytesIO(data), AudioFormat(Encoding.MULAW, 8_000, 2), block_samples=900)
    assert (media.info.name, media.info.codec, media.info.duration_ms) == ("-", "mulaw", None)
    blocks = list(media)
    assert max(block.shape[1] for block in blocks) <= 900
    samples = np.concatenate(blocks, axis=1)
    assert samples.shape == (2, 16_000)
    assert [round(pitch(channel)) for channel in samples] == [440, 1_000]
    assert media.damage is None


def test_raw_pcm_that_ends_within_a_sample_says_so() -> None:
    with open_pcm(io.BytesIO(bytes(5)), AudioFormat()) as media:
        assert sum(block.shape[1] for block in media) == 2
    assert media.damage == "'-' ends within a sample: 1 bytes over"


def test_raw_pcm_comes_as_it_arrives() -> None:
    class Live(io.BytesIO):
        """Ten bytes at a time; asking for all there ever will be would block."""

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError(f"read({size}) waits")

        def read1(self, size: int | None = -1) -> bytes:
            return super().read1(10)

    live: BinaryIO = Live(bytes(100))
    assert [block.shape[1] for block in open_pcm(live, AudioFormat())] == [5] * 10


def test_raw_floats_are_checked() -> None:
    bad = struct.pack("<f", float("nan"))
    with pytest.raises(BadMessage, match="channel 0, sample 0: nan"):
        list(open_pcm(io.BytesIO(bad), AudioFormat(Encoding.PCM_F32LE)))
