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
    finalize: bool = False
    """Whether the client asks, right after it, for all that was sent to be decoded."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A place where the speaker lets go of the button: nothing is sent for ``pause_s``."""

    frame: int
    pause_s: float = 0.0
    finalize: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """The timetable of one stream: stream time 0 is ``begin_s`` on the harness's clock.

    As at a microphone, a chunk is due when its last frame has been spoken. ``speed`` above 1 plays
    faster than real time. No chunk reaches across a cut (they are in order); in its pause time
    goes on, but not stream time.
    """

    begin_s: float
    frames: int
    sample_rate: int
    chunk_frames: int
    speed: float = 1.0
    cuts: tuple[Cut, ...] = ()

    def __post_init__(self) -> None:
        if self.chunk_frames < 1:
            raise ValueError(f"chunk of {self.chunk_frames} frames: at least 1")
        if self.speed <= 0:
            raise ValueError(f"speed {self.speed}: above 0")

    def instant(self, stream_s: float) -> float:
        """The clock's time at which stream time ``stream_s`` is spoken."""
        paused = sum(cut.pause_s for cut in self.cuts if cut.frame < stream_s * self.sample_rate)
        return self.begin_s + (stream_s + paused) / self.speed

    def chunks(self) -> Iterator[Chunk]:
        """Every chunk in order; the last one, and that before a cut, may be shorter."""
        paused = 0.0
        begin = 0
        for cut in (*self.cuts, Cut(self.frames)):
            stop = min(cut.frame, self.frames)
            for first in range(begin, stop, self.chunk_frames):
                end = min(first + self.chunk_frames, stop)
                due_s = self.begin_s + (end / self.sample_rate + paused) / self.speed
                yield Chunk(first, end, due_s, cut.finalize and end == stop)
            begin = stop
            paused += cut.pause_s


def phases(streams: int, spread_s: float, seed: int) -> list[float]:
    """How much later than the first possible moment each stream begins, uniform and seeded."""
    chance = random.Random(seed)
    return [chance.uniform(0.0, spread_s) for _ in range(streams)]
