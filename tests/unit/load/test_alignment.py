from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.alignment import Pair, align, align_by_parts

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=12)


def pairs(left: str, right: str, open_end: bool = False) -> list[tuple[int, int, bool]]:
    found = align(left.split(), right.split(), open_end=open_end)
    return [(pair.left, pair.right, pair.same) for pair in found]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("the cat sat", "the cat sat", [(0, 0, True), (1, 1, True), (2, 2, True)]),
        ("the cat sat", "the hat sat", [(0, 0, True), (1, 1, False), (2, 2, True)]),
        ("the cat sat", "the sat", [(0, 0, True), (2, 1, True)]),
        ("the sat", "the cat sat", [(0, 0, True), (1, 2, True)]),
        ("a b c d", "b c", [(1, 0, True), (2, 1, True)]),
        ("", "a", []),
        ("a", "", []),
    ],
)
def test_by_hand(left: str, right: str, expected: list[tuple[int, int, bool]]) -> None:
    assert pairs(left, right) == expected


def test_a_repeated_word_goes_with_its_own_moment() -> None:
    spoken = ["no", "no", "no"]
    late = align(spoken, ["no"], left_times=[1.0, 2.0, 3.0], right_times=[2.9])
    early = align(spoken, ["no"], left_times=[1.0, 2.0, 3.0], right_times=[1.1])
    middle = align(spoken, ["no"], left_times=[1.0, 2.0, 3.0], right_times=[2.1])
    assert late == [Pair(2, 0, True)]
    assert early == [Pair(0, 0, True)]
    assert middle == [Pair(1, 0, True)]


def test_time_never_outweighs_a_word() -> None:
    found = align(["a", "b"], ["a", "b"], left_times=[0.0, 100.0], right_times=[90.0, 3.0])
    assert found == [Pair(0, 0, True), Pair(1, 1, True)]


def test_a_beginning_leaves_the_rest_of_the_right_alone() -> None:
    # Closed, "a" would do as well with the last "a"; as a beginning it is the first one.
    assert pairs("a", "a b a", open_end=True) == [(0, 0, True)]
    assert pairs("a b x", "a b c d e", open_end=True)[:2] == [(0, 0, True), (1, 1, True)]
    assert pairs("a x c", "a b c d", open_end=True) == [
        (0, 0, True),
        (1, 1, False),
        (2, 2, True),
    ]


def distance(left: Sequence[str], right: Sequence[str]) -> int:
    row = list(range(len(right) + 1))
    for i, word in enumerate(left, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


@given(WORDS, WORDS)
def test_the_script_is_a_cheapest_one(left: list[str], right: list[str]) -> None:
    found = align(left, right)
    wrong = sum(not pair.same for pair in found)
    assert wrong + len(left) + len(right) - 2 * len(found) == distance(left, right)


@given(WORDS, WORDS, st.booleans())
def test_pairs_are_in_order_and_honest(left: list[str], right: list[str], open_end: bool) -> None:
    found = align(left, right, open_end=open_end)
    for one, other in pairwise(found):
        assert one.left < other.left
        assert one.right < other.right
    assert all(pair.same == (left[pair.left] == right[pair.right]) for pair in found)


@given(WORDS, st.integers(0, 12))
def test_a_true_beginning_is_found_whole(words: list[str], length: int) -> None:
    beginning = words[:length]
    found = align(beginning, words, open_end=True)
    assert [(pair.left, pair.right) for pair in found] == [(i, i) for i in range(len(beginning))]


def test_long_sequences_are_aligned_part_by_part() -> None:
    left = [f"w{number % 50}" for number in range(1000)]
    times = [number * 0.4 for number in range(1000)]
    # The hypothesis misses every hundredth word and says one more after every seventieth.
    right: list[str] = []
    right_times: list[float] = []
    matches: list[tuple[int, int]] = []
    for number, word in enumerate(left):
        if number % 100:
            matches.append((number, len(right)))
            right.append(word)
            right_times.append(times[number] + 0.1)
        if number % 70 == 69:
            right.append("uh")
            right_times.append(times[number] + 0.3)
    found = align_by_parts(left, right, times, right_times, part=60)
    equal = [(pair.left, pair.right) for pair in found if pair.same]
    assert set(equal) <= set(matches)
    assert len(equal) >= len(matches) - 2 * (1000 // 60)
    whole = align_by_parts(left, right, times, right_times, part=1000)
    assert [(pair.left, pair.right) for pair in whole if pair.same] == matches


def test_parts_need_both_sides() -> None:
    assert align_by_parts([], ["a"], [], [0.0]) == []
    assert align_by_parts(["a"] * 5, [], [0.0, 1.0, 2.0, 3.0, 4.0], [], part=2) == []
