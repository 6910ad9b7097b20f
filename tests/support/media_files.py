"""Media files of many formats, made by FFmpeg's own encoders."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt
import pytest

from streaming.media import Media

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


def opus_packets(sound: Samples, rate: int = 48_000) -> list[bytes]:
    """Bare packets of 20 ms, as one who speaks to a server sends them."""
    codec: Any = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = (
        rate,
        "mono" if len(sound) == 1 else "stereo",
        "s16",
    )
    packets = []
    interleaved = np.rint(sound.T * 32_767).astype("<i2").reshape(1, -1)
    for at in range(0, sound.shape[1], rate // 50):
        piece = interleaved[:, at * len(sound) : (at + rate // 50) * len(sound)]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), "s16", codec.layout.name)
        frame.sample_rate, frame.pts = rate, at
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


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


FILES: Final = [
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


def caf(labels: list[int], seconds: float = 1.0) -> bytes:
    """A Core Audio file whose channels are labelled in any order, as multitrack recorders do.

    Labels are Apple's: 1 left, 2 right, 3 centre.
    """

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack(">q", len(body)) + body

    count, rate = len(labels), 16_000
    description = struct.pack(">d4sIIIII", rate, b"lpcm", 2, 2 * count, 1, count, 16)
    layout = struct.pack(">III", 0, 0, count)
    layout += b"".join(struct.pack(">II3f", label, 0, 0, 0, 0) for label in labels)
    sound = np.arange(int(rate * seconds) * count, dtype="<i2").tobytes()
    return (
        b"caff\x00\x01\x00\x00"
        + chunk(b"desc", description)
        + chunk(b"chan", layout)
        + chunk(b"data", bytes(4) + sound)
    )
