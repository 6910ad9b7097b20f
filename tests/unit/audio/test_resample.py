"""The resampler as a filter: a sine stays a sine, what can't be kept does not fold back."""

from __future__ import annotations

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest

from streaming.audio.resample import Resampler

RATES = [8_000, 11_025, 12_345, 22_050, 24_000, 32_000, 44_100, 47_999, 48_000]


def sine(frequency: float, rate: int, seconds: float = 2.0) -> npt.NDArray[np.float32]:
    t = np.arange(int(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency * t)).astype(np.float32)[:, None]


def resample(x: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    resampler = Resampler(rate, x.shape[1])
    return np.concatenate((resampler.push(x), resampler.flush()))


def db(power: float) -> float:
    return float(10 * np.log10(power + 1e-30))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [100.0, 1000.0, 3400.0])
def test_a_sine_stays_the_same_sine_at_the_same_time(rate: int, frequency: float) -> None:
    y = resample(sine(frequency, rate), rate)[:, 0]
    expected = sine(frequency, 16_000, len(y) / 16_000)[: len(y), 0]
    middle = slice(1600, -1600)
    noise = float(np.mean((y[middle] - expected[middle]) ** 2))
    assert db(float(np.mean(expected[middle] ** 2)) / noise) > 80


@pytest.mark.parametrize("rate", [22_050, 24_000, 32_000, 44_100, 48_000])
def test_what_16_khz_cannot_hold_is_gone(rate: int) -> None:
    for frequency in np.linspace(8_300, rate / 2 - 200, 8):
        y = resample(sine(float(frequency), rate), rate)[1600:-1600]
        assert db(float(np.mean(y**2)) / 0.125) < -60


@pytest.mark.parametrize("rate", [8_000, 11_025])
def test_nothing_is_invented_above_the_band_of_a_low_rate(rate: int) -> None:
    y = resample(sine(3_000, rate), rate)[1600:-1600, 0]
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y)))) ** 2
    bins = np.fft.rfftfreq(len(y), 1 / 16_000)
    images = spectrum[bins > rate / 2].max()
    assert db(float(images / spectrum.max())) < -60


@pytest.mark.parametrize(("rate", "ms"), [(8_000, 6), (11_025, 5), (44_100, 3), (48_000, 3)])
def test_it_never_holds_back_more_than_a_few_milliseconds(rate: int, ms: int) -> None:
    resampler = Resampler(rate)
    for _ in range(20):
        resampler.push(np.zeros((rate // 50, 1), np.float32))
        assert resampler.in_frames * 16_000 / rate - resampler.out_frames <= ms * 16 + 1


def test_a_long_block_needs_no_more_memory_than_its_output() -> None:
    """A megabyte of 8-bit telephone speech: two minutes in one message."""
    long = np.zeros((1 << 20, 1), np.float32)
    tracemalloc.start()
    try:
        out = Resampler(8_000).push(long)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < out.nbytes + 3 * long.nbytes


def test_channels_do_not_leak_into_each_other() -> None:
    rate = 48_000
    x = np.concatenate((sine(440, rate), np.zeros((2 * rate, 1), np.float32)), axis=1)
    y = resample(x, rate)
    assert float(np.abs(y[:, 1]).max()) == 0.0
    assert float(np.abs(y[:, 0]).max()) > 0.4


def test_16_khz_is_passed_through_as_it_is() -> None:
    resampler = Resampler(16_000)
    block = sine(440, 16_000)
    assert resampler.push(block) is block
    assert resampler.flush().shape == (0, 1)
    assert resampler.in_frames == resampler.out_frames == len(block)


@pytest.mark.parametrize("rate", RATES)
def test_going_on_after_a_flush_sounds_as_if_there_had_been_none(rate: int) -> None:
    x = sine(700, rate)
    at = rate + 13
    resampler = Resampler(rate)
    before = [resampler.push(x[:at]), resampler.flush()]
    cut = resampler.out_frames
    assert cut == at * 16_000 // rate
    y = np.concatenate([*before, resampler.push(x[at:]), resampler.flush()])
    whole = resample(x, rate)
    assert len(y) == len(whole)
    # Only the last few ms before the flush differ: they were computed as if silence followed.
    assert float(np.abs(y[: cut - 240] - whole[: cut - 240]).max()) < 1e-5
    assert float(np.abs(y[cut + 1 :] - whole[cut + 1 :]).max()) < 1e-5


def test_flushing_twice_changes_nothing() -> None:
    resampler = Resampler(8_000)
    resampler.push(np.zeros((801, 1), np.float32))
    resampler.flush()
    assert resampler.flush().shape == (0, 1)
    assert resampler.out_frames == 1602


def test_empty_blocks_are_no_event() -> None:
    resampler = Resampler(44_100, 2)
    assert resampler.push(np.zeros((0, 2), np.float32)).shape == (0, 2)
    assert resampler.flush().shape == (0, 2)
