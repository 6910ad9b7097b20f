"""A stretch of the recent past of one channel, addressed by absolute position."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_PIECE_SAMPLES: Final = 8_192
"""Memory is taken and given back in pieces of 32 KiB, about half a second."""


class SampleRing:
    """The last samples of one channel: ``capacity_samples`` at most, less where some are let go.

    Memory is held for what is kept, and never for more than a piece beyond. Policy at the bound:
    the oldest samples give way. Positions count from the stream's start and are never renumbered.
    """

    def __init__(self, capacity_samples: int) -> None:
        if capacity_samples < 1:
            raise ValueError(f"capacity_samples: {capacity_samples} is not positive")
        self._capacity = capacity_samples
        self._pieces: deque[Samples] = deque()
        self._origin = 0  # the position of the first piece's first sample
        self._start = 0
        self._end = 0

    @property
    def capacity_samples(self) -> int:
        """How many samples are kept at most."""
        return self._capacity

    @property
    def held_bytes(self) -> int:
        """The memory taken for samples."""
        return sum(piece.nbytes for piece in self._pieces)

    @property
    def start(self) -> int:
        """The position of the oldest sample kept."""
        return self._start

    @property
    def end(self) -> int:
        """The position one past the newest sample: all samples ever appended."""
        return self._end

    def __len__(self) -> int:
        return self._end - self._start

    def append(self, block: Samples) -> None:
        """Add mono samples of shape (n,); of a block longer than the ring the end is kept."""
        at = 0
        while at < len(block):
            offset = (self._end - self._origin) % _PIECE_SAMPLES
            if not offset and self._end - self._origin == len(self._pieces) * _PIECE_SAMPLES:
                self._pieces.append(np.empty(_PIECE_SAMPLES, np.float32))
            part = block[at : at + _PIECE_SAMPLES - offset]
            self._pieces[-1][offset : offset + len(part)] = part
            at += len(part)
            self._end += len(part)
            self.forget(self._end - self._capacity)

    def forget(self, before: int) -> None:
        """Let go of the samples before a position; one that has not come yet means all there are.

        Never takes anything back: an earlier position than the last one changes nothing.
        """
        self._start = max(self._start, min(before, self._end))
        while self._pieces and self._start - self._origin >= _PIECE_SAMPLES:
            self._pieces.popleft()
            self._origin += _PIECE_SAMPLES

    def read(self, start: int, end: int) -> Samples:
        """Return a copy of the samples from ``start`` up to, not including, ``end``.

        Raises IndexError when any of them has been let go already or has not been appended yet.
        """
        if not self._start <= start <= end <= self._end:
            raise IndexError(
                f"samples {start} to {end} are not all within {self._start} to {self._end}"
            )
        out = np.empty(end - start, np.float32)
        at = start
        while at < end:
            number, offset = divmod(at - self._origin, _PIECE_SAMPLES)
            part = self._pieces[number][offset : offset + end - at]
            out[at - start : at - start + len(part)] = part
            at += len(part)
        return out
