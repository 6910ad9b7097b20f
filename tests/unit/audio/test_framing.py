"""Framing: bytes to samples for every encoding, guards, and exact frames."""

from __future__ import annotations

import math
import re
import struct

import numpy as np
import pytest

from streaming.audio import g711
from streaming.audio.formats import AudioFormat, Encoding
from streaming.audio.framing import FRAME_SAMPLES, FrameCutter, Framer, to_int16
from streaming.errors import BadMessage


def test_pcm_s16le_is_scaled_to_full_scale() -> None:
    framer = Framer(AudioFormat())
    block = framer.push(struct.pack("<4h", 0, 16384, -32768, 32767))
    assert block.dtype == np.float32
    assert block.tolist() == [[0.0, 0.5, -1.0, 32767 / 32768]]


def test_channels_are_taken_apart() -> None:
    framer = Framer(AudioFormat(channels=3))
    block = framer.push(struct.pack("<6h", 1, 2, 3, 4, 5, 6))
    assert (block * 32768).tolist() == [[1, 4], [2, 5], [3, 6]]


@pytest.mark.parametrize(
    ("encoding", "decode"),
    [(Encoding.MULAW, g711.decode_ulaw), (Encoding.ALAW, g711.decode_alaw)],
)
def test_g711_at_16_khz_is_the_table(encoding: Encoding, decode: object) -> None:
    assert callable(decode)
    data = bytes(range(256))
    block = Framer(AudioFormat(encoding)).push(data)
    assert np.array_equal(block[0] * 32768, decode(data))


def test_floats_pass_unchanged_wherever_they_are_cut() -> None:
    framer = Framer(AudioFormat(Encoding.PCM_F32LE))
    data = struct.pack("<3f", 0.25, -1.0, 1.0)
    assert framer.push(data[:5]).tolist() == [[0.25]]
    assert framer.pending_bytes == 1
    assert framer.push(memoryview(data)[5:]).tolist() == [[-1.0, 1.0]]
    assert (framer.pending_bytes, framer.received_bytes, framer.received_samples) == (0, 12, 3)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_float_that_is_no_number_is_refused_by_channel_and_position(value: float) -> None:
    framer = Framer(AudioFormat(Encoding.PCM_F32LE, channels=2))
    framer.push(struct.pack("<4f", 0, 0, 0, 0))
    with pytest.raises(
        BadMessage, match=re.escape(f"audio: channel 1, sample 3: {value} is not a finite number")
    ) as caught:
        framer.push(struct.pack("<4f", 0, 0, 0, value))
    assert caught.value.field == "audio"
    # Nothing of the refused message was taken: the next one continues where the last good one was.
    assert framer.received_samples == 2
    assert framer.push(struct.pack("<2f", 0.5, 0.25)).tolist() == [[0.5], [0.25]]


def test_floats_beyond_full_scale_are_clipped_and_counted() -> None:
    framer = Framer(AudioFormat(Encoding.PCM_F32LE))
    block = framer.push(struct.pack("<5f", 1.5, -2.0, 1.0, -1.0, 3e38))
    assert block.tolist() == [[1.0, -1.0, 1.0, -1.0, 1.0]]
    assert framer.clipped_samples == 3


def test_received_time_is_of_whole_samples() -> None:
    framer = Framer(AudioFormat(Encoding.MULAW, 8_000, 2))
    framer.push(bytes(8 * 2 * 100 + 1))
    assert (framer.received_samples, framer.received_ms, framer.pending_bytes) == (800, 100, 1)


def test_flush_brings_out_everything_and_keeps_half_a_sample() -> None:
    framer = Framer(AudioFormat(sample_rate=8_000))
    first = framer.push(bytes(2 * 8_000 + 1))
    tail = framer.flush()
    assert first.shape[1] + tail.shape[1] == framer.produced_samples == 16_000
    assert framer.pending_bytes == 1
    framer.push(bytes(1))
    framer.flush()
    assert framer.produced_samples == 16_002


def test_flush_of_nothing_is_nothing() -> None:
    for rate in (8_000, 16_000):
        assert Framer(AudioFormat(sample_rate=rate, channels=2)).flush().shape == (2, 0)


def test_full_scale_holds_after_resampling_too() -> None:
    framer = Framer(AudioFormat(sample_rate=8_000))
    square = np.tile(np.repeat([32767, -32768], 40), 100).astype("<i2")
    blocks = [framer.push(square.tobytes()), framer.flush()]
    assert max(np.abs(block).max(initial=0) for block in blocks) <= 1.0


def test_to_int16_rounds_and_clips() -> None:
    values = np.array([[0.0, 0.5, -1.0, 1.0, 1.6 / 32768, -1.6 / 32768, 7.0]], np.float32)
    assert to_int16(values).tolist() == [[0, 16384, -32768, 32767, 2, -2, 32767]]
    every = np.arange(-32768, 32768).astype(np.int16)
    assert np.array_equal(to_int16((every / 32768).astype(np.float32)), every)


def test_frames_are_20_ms_at_absolute_positions() -> None:
    cutter = FrameCutter(1)
    frames = cutter.push(np.arange(1000, dtype=np.float32)[None])
    assert [(f.start_sample, f.end_sample) for f in frames] == [(0, 320), (320, 640), (640, 960)]
    assert frames[2].samples[0, 0] == 640
    assert (cutter.position, cutter.pending_samples, FRAME_SAMPLES) == (960, 40, 320)
    frames = cutter.push(np.arange(1000, 1280, dtype=np.float32)[None])
    assert [f.start_sample for f in frames] == [960]
    assert frames[0].samples[0].tolist() == list(range(960, 1280))


def test_several_frames_may_come_in_one_piece() -> None:
    cutter = FrameCutter(2, 10, most=3)
    stream = np.arange(110, dtype=np.float32).reshape(2, 55)
    frames = cutter.push(stream)
    assert [(f.start_sample, f.end_sample) for f in frames] == [(0, 30), (30, 50)]
    assert np.array_equal(np.concatenate([f.samples for f in frames], axis=1), stream[:, :50])
    assert cutter.pending_samples == 5


def test_the_rest_is_a_short_frame_and_positions_go_on() -> None:
    cutter = FrameCutter(2)
    assert cutter.take_rest() is None
    cutter.push(np.zeros((2, 330), np.float32))
    rest = cutter.take_rest()
    assert rest is not None
    assert (rest.start_sample, rest.samples.shape) == (320, (2, 10))
    assert cutter.take_rest() is None
    assert [f.start_sample for f in cutter.push(np.ones((2, 320), np.float32))] == [330]
