from __future__ import annotations

from load.erasure import Erasure, common_prefix, count_erasure
from load.shown import Shown


def shown(text: str, committed: int = 0, *, segment: int = 0, final: bool = False) -> Shown:
    words = tuple(text.split())
    return Shown(0.0, segment, words, len(words) if final else committed, final=final)


def test_growing_text_takes_nothing_back() -> None:
    found = count_erasure([shown("a"), shown("a b"), shown("a b c", final=True)])
    assert found == Erasure(0, 0, 3)
    assert found.normalised == 0.0


def test_everything_from_the_first_difference_on_is_taken_back() -> None:
    # "x c" goes (2 words), then "c d" goes though "d" comes again in another place (2 words).
    found = count_erasure([shown("a x c"), shown("a b c d"), shown("a b d", final=True)])
    assert found == Erasure(4, 0, 3)


def test_committed_words_taken_back_are_counted_apart() -> None:
    found = count_erasure([shown("a b c", committed=2), shown("a x c", final=True)])
    assert found == Erasure(2, 1, 3)


def test_segments_do_not_replace_each_other() -> None:
    found = count_erasure(
        [shown("a"), shown("b", segment=1), shown("a", final=True), shown("b c", segment=1)]
    )
    assert found == Erasure(0, 0, 1)


def test_a_suppressed_segment_takes_all_of_it_back() -> None:
    found = count_erasure([shown("thank you", committed=1), shown("", final=True)])
    assert found == Erasure(2, 1, 0)
    assert found.normalised is None


def test_counts_add_up() -> None:
    assert Erasure(1, 2, 3) + Erasure(10, 20, 30) == Erasure(11, 22, 33)
    assert common_prefix("abc", "abd") == 2
    assert common_prefix("", "abd") == 0
