"""The search for the largest number of streams that holds: doubling, then halving the gap."""

from __future__ import annotations


class Search:
    """Says which number to try next, and is told what came of it.

    A number holds when more of its probes held than missed. Doubles from ``start`` until one
    misses (or halves until one holds), then bisects; the two numbers at the border are tried
    ``repeats`` times, and once more where a repetition disagrees. Monotony is assumed only below
    the smallest number that misses: what holds above it doesn't count.
    """

    def __init__(self, start: int = 1, most: int = 64, *, repeats: int = 2) -> None:
        if not 1 <= start <= most:
            raise ValueError(f"start {start}: between 1 and the most streams, {most}")
        if repeats < 1:
            raise ValueError(f"repeats {repeats}: at least 1")
        self._start = start
        self._most = most
        self._repeats = repeats
        self._votes: dict[int, list[bool]] = {}

    @property
    def best(self) -> int:
        """The largest number that holds, as far as is known; 0 for none."""
        missed = self._missed
        return max(
            (n for n in self._votes if self._holds(n) and (missed is None or n < missed)),
            default=0,
        )

    @property
    def confirmed(self) -> bool:
        """Whether the border has been found and tried as often as was asked for."""
        return self.next() is None

    def next(self) -> int | None:
        """The number to try next; ``None`` when the search is over."""
        if not self._votes:
            return self._start
        for number in sorted(self._votes):
            if self._holds(number) is None:
                return number
        best, missed = self.best, self._missed
        if missed is None and best < self._most:
            return min(best * 2, self._most)
        if missed is not None and missed - best > 1:
            return max(1, missed // 2) if best == 0 else (best + missed) // 2
        return next(
            (n for n in (best, missed) if n and len(self._votes[n]) < self._repeats),
            None,
        )

    def tell(self, streams: int, held: bool) -> None:
        """What came of a probe."""
        self._votes.setdefault(streams, []).append(held)

    @property
    def _missed(self) -> int | None:
        return min((n for n in self._votes if self._holds(n) is False), default=None)

    def _holds(self, number: int) -> bool | None:
        votes = self._votes[number]
        held = sum(votes)
        return None if 2 * held == len(votes) else 2 * held > len(votes)
