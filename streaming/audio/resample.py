"""Any sample rate to 16 kHz, piece by piece, without a seam between the pieces.

The filter is soxr's (https://sourceforge.net/projects/soxr/, quality "HQ": linear phase, stop band
beyond -100 dB). It works in blocks and holds back what it can't yet compute: between 37 ms of
stream time at 48 kHz and 115 ms at 8 kHz, until the next block or :meth:`Resampler.flush`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from streaming.audio import SAMPLE_RATE

Samples = npt.NDArray[np.float32]

_SETTLE_MS: Final = 50
"""More than the reach of the filter into the past: 12 ms at 8 kHz, less above."""


class Resampler:
    """A stateful resampler of interleaved channels; the result never depends on the chunk sizes.

    Blocks are float32 of shape (frames, channels). Output frame ``k`` since the start is the
    input's value at ``k * in_rate / 16000`` input frames, flushes or not.
    """

    def __init__(self, in_rate: int, channels: int = 1) -> None:
        self._in_rate = in_rate
        self._channels = channels
        self._stream = (
            None
            if in_rate == SAMPLE_RATE
            else soxr.ResampleStream(in_rate, SAMPLE_RATE, channels, dtype="float32", quality="HQ")
        )
        self._history = np.zeros((0, channels), np.float32)
        self._settle_frames = in_rate * _SETTLE_MS // 1000
        # Every so many input frames one coincides with an output frame; a second at most, and a
        # few milliseconds for all rates in use.
        self._period = in_rate // math.gcd(in_rate, SAMPLE_RATE)
        self._history_frames = self._settle_frames + self._period
        self._in_frames = 0
        self._out_frames = 0
        self._skip = 0
        self._flushed = False

    @property
    def in_frames(self) -> int:
        """How many input frames have been pushed since the start."""
        return self._in_frames

    @property
    def out_frames(self) -> int:
        """How many output frames have been returned since the start."""
        return self._out_frames

    def push(self, block: Samples) -> Samples:
        """Take input frames; return the output frames that are now certain, maybe none."""
        if self._stream is None:
            self._in_frames += len(block)
            self._out_frames += len(block)
            return block
        if not len(block):
            return self._nothing()
        parts = []
        if self._flushed:
            parts.append(self._restart())
            self._flushed = False
        parts.append(self._unskipped(self._stream.resample_chunk(np.ascontiguousarray(block))))
        self._remember(block)
        self._in_frames += len(block)
        out = parts[0] if len(parts) == 1 else np.concatenate(parts)
        self._out_frames += len(out)
        return out

    def flush(self) -> Samples:
        """Return what the filter still holds back, as if silence followed.

        Afterwards exactly ``floor(in_frames * 16000 / in_rate)`` frames have been returned. The
        stream may go on: the next frames are filtered with the true past before them.
        """
        if self._stream is None or self._flushed or not self._in_frames:
            return self._nothing()
        tail = self._unskipped(self._stream.resample_chunk(self._nothing(), last=True))
        due = self._in_frames * SAMPLE_RATE // self._in_rate - self._out_frames
        tail = tail[:due]
        if len(tail) < due:  # soxr rounds its total, and may come out one frame short
            last = tail[-1:] if len(tail) else np.zeros((1, self._channels), np.float32)
            tail = np.concatenate((tail, np.repeat(last, due - len(tail), axis=0)))
        self._out_frames += len(tail)
        self._flushed = True
        self._skip = 0
        return tail

    def _restart(self) -> Samples:
        """Begin a new filter run inside the past, so that no edge is heard where it was flushed.

        The run begins far enough back for the filter to settle, at an input frame that falls
        exactly on an output frame.
        """
        stream = self._stream
        assert stream is not None  # noqa: S101 - only called when resampling
        stream.clear()
        start = max(0, self._in_frames - self._settle_frames) // self._period * self._period
        self._skip = self._out_frames - start * SAMPLE_RATE // self._in_rate
        past = self._history[start - self._in_frames :]
        return self._unskipped(stream.resample_chunk(np.ascontiguousarray(past)))

    def _unskipped(self, out: Samples) -> Samples:
        """Drop those frames of a restarted run that had been returned before the flush."""
        dropped = min(self._skip, len(out))
        self._skip -= dropped
        return out[dropped:]

    def _remember(self, block: Samples) -> None:
        if len(block) >= self._history_frames:
            self._history = block[-self._history_frames :].copy()
        else:
            kept = self._history[max(0, len(self._history) + len(block) - self._history_frames) :]
            self._history = np.concatenate((kept, block))

    def _nothing(self) -> Samples:
        return np.zeros((0, self._channels), np.float32)
