"""What the decoding process does, done in this one: media of our own are no danger."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from streaming.media import MediaError
from streaming.media.live import Coding, Form, wire
from streaming.media.live.feed import Feed, ServerGone
from streaming.media.live.wire import Ask
from streaming.media.live.worker import decode
from tests.support.media_files import encode, opus_packets, pitch, tone

Samples = npt.NDArray[np.float32]
CONTAINER = Coding(Form.CONTAINER)


class Answers:
    """What is said while some questions are asked: by each, the samples that came of it."""

    def __init__(self, coding: Coding, asked: list[tuple[Ask, bytes]]) -> None:
        questions = [(Ask.CODING, wire.pack_coding(coding)), *asked]
        source = io.BytesIO(b"".join(wire.packed(*question) for question in questions))
        out = io.BytesIO()
        self.failure: MediaError | None = None
        try:
            decode(Feed(source, out))
        except MediaError as error:
            self.failure = error
        except ServerGone:
            pass
        self.rounds: list[Samples] = []
        blocks: list[Samples] = []
        out.seek(0)
        while header := out.read(wire.HEADER.size):
            letter, length = wire.unpacked(header)
            payload = out.read(length)
            if letter == wire.Tell.BLOCK.value:
                assert length <= 64_000 * coding.channels
                blocks.append(np.frombuffer(payload, "<f4").reshape(-1, coding.channels).T)
            else:
                assert letter == wire.Tell.READY.value
                self.rounds.append(_joined(blocks, coding.channels))
                blocks = []
        self.rounds.append(_joined(blocks, coding.channels))

    @property
    def whole(self) -> Samples:
        return np.concatenate(self.rounds, axis=1)

    def known(self) -> list[int]:
        """How many samples there were after each answer."""
        return [int(n) for n in np.cumsum([each.shape[1] for each in self.rounds])]


def _joined(blocks: list[Samples], channels: int) -> Samples:
    return np.concatenate([np.zeros((channels, 0), np.float32), *blocks], axis=1)


def in_pieces(data: bytes, size: int) -> list[tuple[Ask, bytes]]:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return [*((Ask.DATA, piece) for piece in pieces), (Ask.END, b"")]


FILES = [
    ("a.wav", "pcm_s16le", 16_000, 1, None, 0.01),
    ("a.wav", "pcm_mulaw", 8_000, 1, None, 0.03),
    ("a.wav", "pcm_f32le", 44_100, 2, None, 0.01),
    ("a.flac", "flac", 48_000, 2, None, 0.6),
    ("a.mp3", "libmp3lame", 44_100, 1, None, 0.1),
    ("a.aac", "aac", 44_100, 1, "adts", 0.1),
    ("a.ogg", "libopus", 48_000, 1, "ogg", 1.1),  # FFmpeg writes a page a second
    ("a.webm", "libopus", 48_000, 1, "webm", 0.1),
    ("a.caf", "pcm_s16be", 16_000, 1, "caf", 0.2),
    ("a.au", "pcm_s16be", 16_000, 1, "au", 0.1),
]


@pytest.mark.parametrize(("name", "codec", "rate", "channels", "form", "late_s"), FILES)
def test_sound_comes_out_as_it_goes_in(
    tmp_path: Path, name: str, codec: str, rate: int, channels: int, form: str | None, late_s: float
) -> None:
    sound = np.repeat(tone(rate, 3.0, 440), channels, axis=0)
    data = encode(tmp_path / name, codec, sound, rate, form=form).read_bytes()
    size = max(1, len(data) // 150)  # 20 ms
    it = Answers(CONTAINER, in_pieces(data, size))
    assert it.failure is None
    assert it.whole.shape[0] == 1
    assert it.whole.shape[1] == pytest.approx(48_000, abs=3_000)
    assert pitch(it.whole[0][8_000:40_000]) == pytest.approx(440, abs=3)
    half = it.known()[len(it.known()) // 2]
    assert 24_000 - half <= (late_s + 0.1) * 16_000


def test_a_recording_as_browsers_make_it_mp4(tmp_path: Path) -> None:
    sound = tone(16_000, 2.0, 440)
    path = encode(tmp_path / "a.mp4", "aac", sound, 16_000)
    assert "index stands at its end" in str(
        Answers(CONTAINER, in_pieces(path.read_bytes(), 500)).failure
    )
    out = io.BytesIO()
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "100000"}
    with av.open(out, "w", format="mp4", options=flags) as container:
        stream: Any = container.add_stream("aac", rate=16_000, layout="mono")
        for at in range(0, sound.shape[1], 1_024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, at : at + 1_024]), "fltp", "mono"
            )
            frame.sample_rate, frame.pts = 16_000, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    it = Answers(CONTAINER, in_pieces(out.getvalue(), 200))
    assert it.failure is None
    assert pitch(it.whole[0][4_000:28_000]) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("coded", [1, 2])
def test_packets_of_opus_come_out_one_by_one(coded: int) -> None:
    packets = opus_packets(np.repeat(tone(48_000, 1.0, 440), coded, axis=0))
    it = Answers(Coding(Form.OPUS, 1, coded), [(Ask.DATA, each) for each in packets])
    *_, last = it.known()
    assert last == pytest.approx(16_000, abs=700)
    assert all(
        later > before for before, later in zip(it.known()[2:], it.known()[3:-1], strict=False)
    )
    assert pitch(it.whole[0][2_000:]) == pytest.approx(440, abs=3)


def test_opus_in_ogg_is_known_though_packets_were_announced(tmp_path: Path) -> None:
    data = encode(tmp_path / "a.ogg", "libopus", tone(48_000, 1.0, 440), 48_000).read_bytes()
    it = Answers(Coding(Form.OPUS), in_pieces(data, 700))
    assert it.failure is None
    assert it.whole.shape[1] == pytest.approx(16_000, abs=700)


def test_channels_are_told_apart_where_that_is_asked_for(tmp_path: Path) -> None:
    data = encode(tmp_path / "a.flac", "flac", tone(16_000, 1.0, 300, 700), 16_000).read_bytes()
    it = Answers(Coding(Form.FLAC, 2, 2), in_pieces(data, 999))
    assert [round(pitch(channel[1_000:15_000]), -1) for channel in it.whole] == [300, 700]
    failure = Answers(Coding(Form.FLAC, 4, 4), in_pieces(data, 999)).failure
    assert failure is not None
    assert (failure.field, failure.message) == (
        "channels", "channels: 4 are asked for, the stream has 2",
    )  # fmt: skip


def test_what_is_held_back_comes_when_it_is_wanted() -> None:
    packets = opus_packets(tone(48_000, 0.2, 440))
    asked = [*((Ask.DATA, each) for each in packets), (Ask.FLUSH, b"")]
    it = Answers(Coding(Form.OPUS), asked)
    before, after = it.known()[-3:-1]
    assert 0 < after - before < 320
    assert after == len(packets) * 320


def test_silence_stands_where_packets_are_damaged() -> None:
    packets = opus_packets(tone(48_000, 0.4, 440))
    whole = Answers(Coding(Form.OPUS), [(Ask.DATA, each) for each in packets]).known()[-1]
    packets[10] = b"\xff\xff\xff"
    assert Answers(Coding(Form.OPUS), [(Ask.DATA, each) for each in packets]).known()[-1] == whole


def test_silence_stands_where_nothing_was_sent(tmp_path: Path) -> None:
    """Recorders leave out what they take for silence; time goes on all the same."""
    out = io.BytesIO()
    with av.open(out, "w", format="webm", options={"live": "1"}) as container:
        stream: Any = container.add_stream("libopus", rate=48_000, layout="mono")
        for at, packet in enumerate(opus_packets(tone(48_000, 1.0, 440))):
            made = av.Packet(packet)
            made.stream, made.time_base = stream, stream.time_base or av.time_base
            made.pts = made.dts = (at + (100 if at >= 25 else 0)) * 20
            container.mux(made)
    it = Answers(CONTAINER, in_pieces(out.getvalue(), 300))
    assert it.failure is None
    assert it.whole.shape[1] == pytest.approx(48_000, abs=1_000)
    assert np.abs(it.whole[0][10_000:38_000]).max() < 0.01


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(range(256)) * 20, "does not begin as any container does"),
        (
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 2, 1, 8_000, 0, 1, 4),
            "coding",
        ),
        (b"OggS" + bytes(5_000), "begins as a stream of ogg does"),
        (b"#!AMR\n" + b"\xff" * 9_000, "decoded"),
        (b"ID3\x04\0\0\0\0\0\x10" + bytes(16), "no sound in it"),
        (b"fLaC", "no sound in it"),
    ],
)
def test_what_can_not_be_decoded_is_said(data: bytes, why: str) -> None:
    failure = Answers(CONTAINER, in_pieces(data, 100)).failure
    assert failure is not None
    assert failure.message.startswith("audio: ")
    assert why in failure.message


def test_nothing_but_garbage_for_packets_is_given_up() -> None:
    asked = [(Ask.DATA, b"\xff" * 50)] * 200
    failure = Answers(Coding(Form.OPUS), asked).failure
    assert str(failure) == "audio: can't be decoded"


def test_a_picture_before_an_mp3_is_passed_over(tmp_path: Path) -> None:
    mp3 = encode(tmp_path / "a.mp3", "libmp3lame", tone(16_000, 1.0, 440), 16_000).read_bytes()
    start = mp3.index(b"\xff\xf3")
    tag = b"ID3\x03\0\0" + bytes([0, 0, 8_000 >> 7, 8_000 & 0x7F]) + b"\xff\xfb\x90\x64" * 2_000
    it = Answers(CONTAINER, in_pieces(tag + mp3[start:], 300))
    assert it.failure is None
    assert it.whole.shape[1] == pytest.approx(16_000, abs=2_000)
