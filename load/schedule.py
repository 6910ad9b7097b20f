"""When each chunk is due: an absolute timetable that a slow server can't stretch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames ``first`` to ``end`` (exclusive), due at ``due_s`` on the harness's clock."""

    first: int
    end: int
    due_s: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """The timetable of one stream: stream time 0 is ``begin_s`` on the harness's clock.

    As at a microphone, a chunk is due when its last frame has been spoken. ``speed`` above 1 plays
    faster than real time.
    """

    begin_s: float
    frames: int
    sample_rate: int
    chunk_frames: int
    speed: float = 1.0

    def __post_init__(self) -> None:
        if self.chunk_frames < 1:
            raise ValueError(f"chunk of {self.chunk_frames} frames: at least 1")
        if self.speed <= 0:
            raise ValueError(f"speed {self.speed}: above 0")

    def instant(self, stream_s: float) -> float:
        """The clock's time at which stream time ``stream_s`` is spoken."""
        return self.begin_s + stream_s / self.speed

    def chunks(self) -> Iterator[Chunk]:
        """Every chunk in order; the last one may be shorter."""
        for first in range(0, self.frames, self.chunk_frames):
            end = min(first + self.chunk_frames, self.frames)
            yield Chunk(first, end, self.instant(end / self.sample_rate))


def phases(streams: int, spread_s: float, seed: int) -> list[float]:
    """How much later than the first possible moment each stream begins, uniform and seeded."""
    chance = random.Random(seed)
    return [chance.uniform(0.0, spread_s) for _ in range(streams)]
