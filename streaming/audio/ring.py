"""A fixed stretch of the recent past of one channel, addressed by absolute position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class SampleRing:
    """The last ``capacity_samples`` samples of one channel; memory is taken once and never grows.

    Policy at the bound: the oldest samples are overwritten. Positions count from the stream's
    start and are never renumbered.
    """

    def __init__(self, capacity_samples: int) -> None:
        if capacity_samples < 1:
            raise ValueError(f"capacity_samples: {capacity_samples} is not positive")
        self._samples = np.zeros(capacity_samples, np.float32)
        self._end = 0

    @property
    def capacity_samples(self) -> int:
        """How many samples are kept at most."""
        return len(self._samples)

    @property
    def start(self) -> int:
        """The position of the oldest sample kept."""
        return max(0, self._end - len(self._samples))

    @property
    def end(self) -> int:
        """The position one past the newest sample: all samples ever appended."""
        return self._end

    def __len__(self) -> int:
        return self._end - self.start

    def append(self, block: Samples) -> None:
        """Add mono samples of shape (n,); of a block longer than the ring the end is kept."""
        capacity = len(self._samples)
        kept = block[-capacity:]
        at = (self._end + len(block) - len(kept)) % capacity
        first = min(len(kept), capacity - at)
        self._samples[at : at + first] = kept[:first]
        self._samples[: len(kept) - first] = kept[first:]
        self._end += len(block)

    def read(self, start: int, end: int) -> Samples:
        """Return a copy of the samples from ``start`` up to, not including, ``end``.

        Raises IndexError when any of them is overwritten already or has not been appended yet.
        """
        if not self.start <= start <= end <= self._end:
            raise IndexError(
                f"samples {start} to {end} are not all within {self.start} to {self._end}"
            )
        capacity = len(self._samples)
        at, length = start % capacity, end - start
        first = min(length, capacity - at)
        out = np.empty(length, np.float32)
        out[:first] = self._samples[at : at + first]
        out[first:] = self._samples[: length - first]
        return out
