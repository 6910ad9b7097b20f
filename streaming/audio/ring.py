"""A stretch of the recent past of one channel, addressed by absolute position."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_ROOM_SAMPLES: Final = 8_192
"""Memory is taken with so much room to grow, 32 KiB or about half a second."""


class SampleRing:
    """The last samples of one channel: ``capacity_samples`` at most, less where some are let go.

    Memory is held for what is kept, and never for more than twice the room to grow beyond. Policy
    at the bound: the oldest samples give way. Positions count from the stream's start and are never
    renumbered.

    What is kept lies in one piece and is written once, so that reading copies nothing: whoever asks
    twenty times a second what could be decoded now moves no samples by it. When the room is used
    up, what is kept moves on to new memory; what was read before stays where and as it is.
    """

    def __init__(self, capacity_samples: int) -> None:
        if capacity_samples < 1:
            raise ValueError(f"capacity_samples: {capacity_samples} is not positive")
        self._capacity = capacity_samples
        self._memory: Samples = np.empty(0, np.float32)
        self._origin = 0  # the position of the memory's first sample
        self._start = 0
        self._end = 0

    @property
    def capacity_samples(self) -> int:
        """How many samples are kept at most."""
        return self._capacity

    @property
    def held_bytes(self) -> int:
        """The memory taken for samples."""
        return self._memory.nbytes

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
        end = self._end + len(block)
        block = block[-self._capacity :]
        start = max(self._start, end - self._capacity)
        if end - self._origin > len(self._memory):
            self._move(start, end - start)
        at = end - len(block) - self._origin
        self._memory[at : at + len(block)] = block
        self._end = end
        self.forget(start)

    def forget(self, before: int) -> None:
        """Let go of the samples before a position; one that has not come yet means all there are.

        Never takes anything back: an earlier position than the last one changes nothing.
        """
        self._start = max(self._start, min(before, self._end))
        if len(self._memory) > len(self) + 2 * _ROOM_SAMPLES:
            self._move(self._start, len(self))

    def read(self, start: int, end: int) -> Samples:
        """Return the samples from ``start`` up to, not including, ``end``, not to be written to.

        Raises IndexError when any of them has been let go already or has not been appended yet.
        """
        if not self._start <= start <= end <= self._end:
            raise IndexError(
                f"samples {start} to {end} are not all within {self._start} to {self._end}"
            )
        found = self._memory[start - self._origin : end - self._origin]
        found.flags.writeable = False
        return found

    def _move(self, start: int, length: int) -> None:
        """Take memory for so many samples and more, with those kept from ``start`` on in it."""
        memory = np.empty(length + _ROOM_SAMPLES, np.float32)
        kept = self._memory[start - self._origin : self._end - self._origin]
        memory[: len(kept)] = kept
        self._memory, self._origin = memory, start
