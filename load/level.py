"""Loudness: recordings of many makers brought to one level, as one microphone would."""

from __future__ import annotations

import numpy as np

from load.decode import Samples

_FRAME_S = 0.02
_PEAK = 0.99


def level_dbfs(samples: Samples, rate: int) -> float:
    """The loud part's level: the 90th percentile of the power of 20 ms frames, dB of full scale."""
    length = max(1, round(rate * _FRAME_S))
    whole = samples.shape[1] // length * length
    if not whole:
        return -np.inf
    frames = samples[:, :whole].astype(np.float64).reshape(-1, length)
    power = float(np.percentile((frames**2).mean(axis=1), 90))
    return 10 * np.log10(power) if power > 0 else -np.inf


def at_level(samples: Samples, rate: int, dbfs: float | None) -> Samples:
    """The samples at a level, as far as their peak allows; as recorded for ``None``.

    Pure silence stays.
    """
    if dbfs is None:
        return samples
    now = level_dbfs(samples, rate)
    peak = float(np.abs(samples).max(initial=0.0))
    if not np.isfinite(now) or peak == 0.0:
        return samples
    gain = min(10 ** ((dbfs - now) / 20), _PEAK / peak)
    return (samples * gain).astype(np.float32)
