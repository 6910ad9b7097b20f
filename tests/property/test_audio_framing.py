"""However the bytes are cut and wherever the stream is flushed, the samples are the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.audio.formats import AudioFormat, Encoding
from streaming.audio.framing import FrameCutter, Framer
from streaming.audio.resample import Resampler

RATES = st.one_of(
    st.sampled_from([8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000]),
    st.integers(8_000, 48_000),
)
FORMATS = st.builds(AudioFormat, st.sampled_from(Encoding), RATES, st.integers(1, 4), st.just(()))


def audio_bytes(audio_format: AudioFormat, nbytes: int, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    if audio_format.encoding is Encoding.PCM_F32LE:
        return random.uniform(-1, 1, nbytes // 4 + 1).astype("<f4").tobytes()[:nbytes]
    return random.integers(0, 256, nbytes, dtype=np.uint8).tobytes()


def pieces(data: bytes, cuts: list[float]) -> list[bytes]:
    edges = [0, *sorted(int(cut * len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(
    FORMATS,
    st.integers(0, 30_000),
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(0, 1), max_size=25),
)
@settings(deadline=None)
def test_any_split_of_the_bytes_gives_the_same_samples(
    audio_format: AudioFormat, nbytes: int, seed: int, cuts: list[float]
) -> None:
    data = audio_bytes(audio_format, nbytes, seed)
    whole, split = Framer(audio_format), Framer(audio_format)
    expected = np.concatenate([whole.push(data), whole.flush()], axis=1)
    blocks = [split.push(piece) for piece in pieces(data, cuts)]
    actual = np.concatenate([*blocks, split.flush()], axis=1)
    assert actual.shape == expected.shape
    assert actual.shape[0] == audio_format.channels
    np.testing.assert_allclose(actual, expected, atol=1e-6)
    assert split.received_bytes == nbytes
    assert split.received_samples == nbytes // audio_format.bytes_per_frame
    assert split.pending_bytes == nbytes % audio_format.bytes_per_frame
    assert split.produced_samples == split.received_samples * 16_000 // audio_format.sample_rate


@given(RATES, st.lists(st.tuples(st.integers(0, 3_000), st.booleans()), max_size=20))
@settings(deadline=None)
def test_output_never_runs_ahead_and_every_flush_is_exact(
    rate: int, steps: list[tuple[int, bool]]
) -> None:
    resampler = Resampler(rate, 2)
    random = np.random.default_rng(7)
    pushed = returned = 0
    for frames, flush in steps:
        block = random.uniform(-1, 1, (frames, 2)).astype(np.float32)
        returned += len(resampler.push(block))
        pushed += frames
        assert returned <= pushed * 16_000 // rate
        if flush:
            returned += len(resampler.flush())
            assert returned == pushed * 16_000 // rate
        assert (resampler.in_frames, resampler.out_frames) == (pushed, returned)


@given(RATES, st.lists(st.integers(1, 4_000), min_size=1, max_size=8))
@settings(deadline=None)
def test_flushes_leave_a_slow_sine_where_it_was(rate: int, steps: list[int]) -> None:
    """Positions after many flushes: no drift, beyond the edge each flush itself makes."""
    total = sum(steps) + rate // 5
    x = np.sin(2 * np.pi * 200 * np.arange(total) / rate).astype(np.float32)[:, None] * 0.5
    resampler = Resampler(rate)
    at = 0
    for step in steps:
        resampler.push(x[at : at + step])
        resampler.flush()
        at += step
    cut = resampler.out_frames
    after = np.concatenate((resampler.push(x[at:]), resampler.flush()))[:, 0]
    position = np.arange(cut, cut + len(after))
    expected = 0.5 * np.sin(2 * np.pi * 200 * position / 16_000)
    # Away from the stream's own two edges, where the sine starts and ends abruptly.
    inner = slice(max(0, 400 - cut), -400)
    np.testing.assert_allclose(after[inner], expected[inner], atol=2e-3)


@given(
    st.integers(1, 3),
    st.lists(st.integers(0, 1_500), max_size=15),
    st.integers(1, 400),
)
@settings(deadline=None)
def test_frames_joined_are_the_stream(channels: int, lengths: list[int], size: int) -> None:
    cutter = FrameCutter(channels, size)
    total = sum(lengths)
    stream = np.arange(channels * total, dtype=np.float32).reshape(channels, total)
    frames, at = [], 0
    for length in lengths:
        frames += cutter.push(stream[:, at : at + length])
        at += length
        assert 0 <= cutter.pending_samples < size
    assert all(frame.samples.shape == (channels, size) for frame in frames)
    assert [frame.start_sample for frame in frames] == list(range(0, total - size + 1, size))
    rest = cutter.take_rest()
    joined = np.concatenate(
        [np.zeros((channels, 0), np.float32), *(f.samples for f in frames)]
        + ([rest.samples] if rest else []),
        axis=1,
    )
    assert np.array_equal(joined, stream)
