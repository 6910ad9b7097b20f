"""Voice detectors that go by loudness alone, and the sounds they tell apart.

A test decides with them frame by frame what is speech, without a model's opinion.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from streaming.vad import FRAME_SAMPLES, Activity, VadConfig, VadMode, VoiceDetector

Samples = npt.NDArray[np.float32]

SILENT = 0.0
FAINT = 0.02
"""Something sounds, but nobody speaks."""
LOUD = 0.3
"""Somebody speaks."""

_HEARD = 0.005
_SPOKEN = 0.1


def level(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0


class LoudnessVad:
    """Takes whatever can be heard for speech."""

    def __init__(self, aggressiveness: int = 0) -> None:
        self.aggressiveness = aggressiveness

    def flags(self, frames: Samples) -> list[bool]:
        return [level(frame) > _HEARD for frame in frames]


class LoudnessModel:
    """Takes only what is loud for speech; counts what it was asked."""

    def __init__(self) -> None:
        self.resets = 0
        self.windows = 0

    def reset(self) -> None:
        self.resets += 1

    def probabilities(self, windows: Samples) -> list[float]:
        self.windows += len(windows)
        return [1.0 if level(window) > _SPOKEN else 0.0 for window in windows]


class LoudnessDetector(VoiceDetector):
    """A detector without any lag: loud is voiced, faint only sounds."""

    def __init__(self, config: VadConfig | None = None) -> None:
        super().__init__(VadConfig(mode=VadMode.WEBRTC), frame_vad=LoudnessVad)

    def judge(self, frames: Samples) -> list[Activity]:
        return [
            Activity(
                voiced=loudness > _SPOKEN,
                sounding=loudness > _HEARD,
                probability=float(loudness > _SPOKEN),
                level=loudness,
            )
            for loudness in map(level, frames)
        ]


def frame(amplitude: float, samples: int = FRAME_SAMPLES) -> Samples:
    """A square wave of 1 kHz: every stretch of half a millisecond is as loud as the next."""
    wave = np.where(np.arange(samples) % 16 < 8, amplitude, -amplitude)
    return wave.astype(np.float32)


def frames(amplitudes: Iterable[float]) -> Samples:
    """One frame of 20 ms for each amplitude, joined."""
    parts = [frame(amplitude) for amplitude in amplitudes]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def pcm(samples: Samples) -> bytes:
    """16-bit little-endian."""
    return np.rint(samples * 32_767).astype("<i2").tobytes()
