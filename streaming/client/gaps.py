"""Audio that was given up, each stretch of it told once."""

from __future__ import annotations


class Gaps:
    """Stretches of the application's audio, in order and apart; positions are bytes."""

    def __init__(self) -> None:
        self._told: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> list[tuple[int, int]]:
        """Note that a stretch is lost; return what of it had not been told."""
        fresh: list[tuple[int, int]] = []
        at = start
        for known_start, known_end in self._told:
            if at < min(known_start, end):
                fresh.append((at, min(known_start, end)))
            at = max(at, known_end)
        if at < end:
            fresh.append((at, end))
        self._told = sorted([*self._told, *fresh])
        return fresh

    def forget(self, position: int) -> None:
        """Nothing before a position can be lost any more."""
        self._told = [gap for gap in self._told if gap[1] > position]
