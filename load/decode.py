"""Files of any format that FFmpeg reads, as float32 samples at one rate."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]
"""``float32[channels, frames]`` in −1..1."""


class DecodeError(ValueError):
    """A file without decodable audio."""


@lru_cache(maxsize=512)
def read_audio(path: Path, rate: int, channels: int = 1) -> Samples:
    """The whole file at ``rate`` Hz with ``channels`` channels, read-only.

    One channel is the mean of all; otherwise the file must have as many as asked for.
    """
    try:
        native, native_rate = _decode(path)
    except (av.FFmpegError, OSError) as error:
        raise DecodeError(f"{path.name}: {error}") from error
    if channels == 1:
        native = native.mean(axis=0, keepdims=True)
    elif native.shape[0] != channels:
        raise DecodeError(f"{path.name}: {native.shape[0]} channels where {channels} are wanted")
    if native_rate != rate:
        native = soxr.resample(native.T, native_rate, rate, quality="HQ").T
    samples = np.ascontiguousarray(native, dtype=np.float32)
    samples.flags.writeable = False
    return samples


def _decode(path: Path) -> tuple[Samples, int]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise DecodeError(f"{path.name}: no audio stream")
        stream = container.streams.audio[0]
        rate = int(stream.rate)
        planar = av.AudioResampler(format="fltp")
        blocks = [
            converted.to_ndarray()
            for frame in container.decode(stream)
            for converted in planar.resample(frame)
        ]
    if not blocks:
        raise DecodeError(f"{path.name}: no samples")
    return np.concatenate(blocks, axis=1), rate
