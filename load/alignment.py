"""Edit-distance alignment of two word sequences, by time where the words leave a choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_WEIGHT_PER_S = 0.01
_MOST_APART_S = 10.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A left and a right position aligned with each other; ``same`` if the words are equal."""

    left: int
    right: int
    same: bool


def align(
    left: Sequence[str],
    right: Sequence[str],
    *,
    left_times: Sequence[float] | None = None,
    right_times: Sequence[float] | None = None,
    open_end: bool = False,
) -> list[Pair]:
    """Pairs of a cheapest edit script: matches and substitutions, in order.

    Insertions, deletions and substitutions cost 1 (Levenshtein). With times, a pair costs another
    0.01 for each second it lies apart, at most 0.1: of two scripts with as many edits the one wins
    that pairs words said at the same moment, and a repeated word goes with its own. ``open_end``
    makes unmatched words at the right's end free: the left is then a beginning of the right.
    """
    if not left or not right:
        return []
    same = _equal(left, right)
    pair_cost = 1.0 - same
    if left_times is not None and right_times is not None:
        apart = np.abs(np.subtract.outer(np.asarray(left_times), np.asarray(right_times)))
        pair_cost = pair_cost + _WEIGHT_PER_S * np.minimum(apart, _MOST_APART_S)
    cost = _cost_table(pair_cost)
    row = len(left)
    column = int(np.argmin(cost[row])) if open_end else len(right)
    return _walk_back(cost, pair_cost, same, row, column)


def align_by_parts(
    left: Sequence[str],
    right: Sequence[str],
    left_times: Sequence[float],
    right_times: Sequence[float],
    *,
    part: int = 800,
) -> list[Pair]:
    """As ``align`` with times, for sequences of any length, in memory that doesn't grow with it.

    Every ``part`` words of the left are aligned with what the right has up to the same moment. A
    word or two at each border may go without a partner.
    """
    pairs: list[Pair] = []
    begin = done = 0
    while begin < len(left):
        end = begin + part if len(left) - begin > part * 3 // 2 else len(left)
        stop = len(right)
        if end < len(left):
            border = (left_times[end - 1] + left_times[end]) / 2
            stop = done
            while stop < len(right) and right_times[stop] <= border:
                stop += 1
        pairs += [
            Pair(begin + pair.left, done + pair.right, pair.same)
            for pair in align(
                left[begin:end],
                right[done:stop],
                left_times=left_times[begin:end],
                right_times=right_times[done:stop],
            )
        ]
        begin, done = end, stop
    return pairs


def _equal(left: Sequence[str], right: Sequence[str]) -> npt.NDArray[np.float64]:
    numbers: dict[str, int] = {}
    coded = [
        np.array([numbers.setdefault(word, len(numbers)) for word in words])
        for words in (left, right)
    ]
    equal: npt.NDArray[np.float64] = np.equal.outer(*coded).astype(np.float64)
    return equal


def _cost_table(pair_cost: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    rows, columns = pair_cost.shape
    cost = np.empty((rows + 1, columns + 1))
    steps = np.arange(columns + 1, dtype=np.float64)
    cost[0] = steps
    for row in range(1, rows + 1):
        cost[row, 0] = row
        np.minimum(
            cost[row - 1, 1:] + 1.0, cost[row - 1, :-1] + pair_cost[row - 1], out=cost[row, 1:]
        )
        # Insertions along the row: min over k ≤ j of cost[k] + (j − k), in one pass.
        cost[row] = np.minimum.accumulate(cost[row] - steps) + steps
    return cost


def _walk_back(
    cost: npt.NDArray[np.float64],
    pair_cost: npt.NDArray[np.float64],
    same: npt.NDArray[np.float64],
    row: int,
    column: int,
) -> list[Pair]:
    pairs = []
    tolerance = 1e-9 * (1.0 + float(cost[row, column]))
    while row and column:
        here = cost[row, column]
        if abs(cost[row - 1, column - 1] + pair_cost[row - 1, column - 1] - here) <= tolerance:
            row, column = row - 1, column - 1
            pairs.append(Pair(row, column, bool(same[row, column])))
        elif abs(cost[row - 1, column] + 1.0 - here) <= tolerance:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]
