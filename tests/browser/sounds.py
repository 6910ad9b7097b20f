"""WAV files for the fake microphone."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 48_000


def write_wav(path: Path, samples: NDArray[np.float64], rate: int = RATE) -> Path:
    """Writes mono 16-bit sound; `samples` are floats of full scale 1."""
    pcm = np.clip(np.round(samples * 32_767), -32_768, 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return path


def voice_like(seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    """Bursts of a buzz in the rhythm of syllables: moves the meter like a voice does."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * time), 0, 1) * (0.55 + 0.45 * np.sin(1.1 * time))
    return np.asarray(0.18 * buzz * syllables, dtype=np.float64)


def tone(seconds: float, hertz: float, rate: int = RATE) -> NDArray[np.float64]:
    """A sine at half of full scale."""
    time = np.arange(round(seconds * rate)) / rate
    return np.asarray(0.5 * np.sin(2 * np.pi * hertz * time), dtype=np.float64)


def read_speech(path: Path, rate: int = RATE) -> NDArray[np.float64]:
    """Any recording as mono floats at `rate`."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float64)


def synthesised(text: str, folder: Path, rate: int = RATE) -> NDArray[np.float64]:
    """`text` spoken by espeak-ng; `FileNotFoundError` without it."""
    path = folder / "espeak.wav"
    subprocess.run(["espeak-ng", "-s", "140", "-w", str(path), text], check=True)
    return read_speech(path, rate)


def silence(seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    """Nothing, for so long."""
    return np.zeros(round(seconds * rate))
