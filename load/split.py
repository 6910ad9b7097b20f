"""Where the server's CPU time goes, for each second of audio."""

from __future__ import annotations

from dataclasses import dataclass

from load.metrics import Stages


@dataclass(frozen=True, slots=True)
class Split:
    """CPU seconds for a second of audio, by stage.

    ``rest`` is what no stage accounts for: Python, sockets, JSON, threads that wait. The engine's
    stages are counted by the wall clock: one that waits for a core counts the wait, one that uses
    several counts less than it used. On a machine that is full ``rest`` may come out below zero,
    and is then given as it is.
    """

    total: float
    stages: dict[str, float]
    rest: float


def split(cpu_s: float | None, audio_s: float, stages: Stages | None) -> Split | None:
    """The split of a run; ``None`` without the process's CPU time, audio or stages."""
    if cpu_s is None or stages is None or audio_s <= 0:
        return None
    parts = {name: round(spent / audio_s, 5) for name, spent in stages.seconds.items()}
    total = round(cpu_s / audio_s, 5)
    return Split(total, parts, round(total - sum(parts.values()), 5))
