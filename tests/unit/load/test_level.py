from __future__ import annotations

import numpy as np
import pytest

from load.level import at_level, level_dbfs

RATE = 16000


def tone(amplitude: float) -> np.ndarray:
    phase = np.arange(RATE) * 2 * np.pi * 500 / RATE
    return (amplitude * np.sin(phase))[None].astype(np.float32)


def test_a_sine_of_full_scale_is_3_db_below_it() -> None:
    assert level_dbfs(tone(1.0), RATE) == pytest.approx(-3.01, abs=0.01)
    assert level_dbfs(np.zeros((1, RATE), np.float32), RATE) == -np.inf
    assert level_dbfs(np.zeros((1, 3), np.float32), RATE) == -np.inf


def test_pauses_do_not_count() -> None:
    half = tone(0.1)
    half[:, RATE // 2 :] = 0
    assert level_dbfs(half, RATE) == pytest.approx(level_dbfs(tone(0.1), RATE), abs=0.01)


def test_quiet_and_loud_come_to_one_level() -> None:
    for amplitude in (0.001, 0.9):
        assert level_dbfs(at_level(tone(amplitude), RATE, -23), RATE) == pytest.approx(-23, abs=0.1)


def test_no_level_no_change_and_no_clipping() -> None:
    samples = tone(0.2)
    assert at_level(samples, RATE, None) is samples
    assert np.abs(at_level(samples, RATE, 6.0)).max() == pytest.approx(0.99)
    silence = np.zeros((1, RATE), np.float32)
    assert at_level(silence, RATE, -23) is silence
