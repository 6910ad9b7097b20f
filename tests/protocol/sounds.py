"""Sound that the voice detector takes for speech, in every encoding, made by arithmetic."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from streaming.audio.g711 import encode_alaw, encode_ulaw

Samples = npt.NDArray[np.float32]

_FORMANTS = ((600.0, 300.0, 1.0), (1500.0, 400.0, 0.6), (2600.0, 500.0, 0.3))


@lru_cache(maxsize=64)
def speech(ms: int, rate: int = 16_000) -> Samples:
    """A buzzing vowel in the rhythm of syllables: voiced from its first frame to its last."""
    time = np.arange(ms * rate // 1000) / rate
    pitch = 2 * np.pi * np.cumsum(120 + 20 * np.sin(4 * np.pi * time)) / rate
    sound = np.zeros(len(time))
    for harmonic in range(1, 30):
        hertz = 120 * harmonic
        if hertz > 0.45 * rate:
            break
        weight = sum(gain * np.exp(-(((hertz - f) / w) ** 2)) for f, w, gain in _FORMANTS)
        sound += (weight + 0.02) * np.sin(harmonic * pitch)
    sound *= 0.6 + 0.4 * np.sin(8 * np.pi * time)
    loudest = np.abs(sound).max(initial=1e-9)
    scaled: Samples = (0.3 * sound / loudest).astype(np.float32)
    return scaled


def silence(ms: int, rate: int = 16_000) -> Samples:
    """Nothing at all."""
    return np.zeros(ms * rate // 1000, np.float32)


def interleaved(*channels: Samples) -> Samples:
    """One stream of several channels of one length."""
    mixed: Samples = np.stack(channels, axis=1).reshape(-1)
    return mixed


def encoded(samples: Samples, encoding: str = "pcm_s16le") -> bytes:
    """The bytes a client would send."""
    if encoding == "pcm_f32le":
        return samples.astype("<f4").tobytes()
    linear = np.rint(samples * 32_767).astype("<i2")
    if encoding == "mulaw":
        return encode_ulaw(linear)
    if encoding == "alaw":
        return encode_alaw(linear)
    return linear.tobytes()


def spoken(ms: int, *, then_silent_ms: int = 0, rate: int = 16_000) -> bytes:
    """16-bit speech, and silence after it."""
    return encoded(speech(ms, rate)) + encoded(silence(then_silent_ms, rate))
