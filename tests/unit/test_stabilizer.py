"""Local agreement: what two hypotheses in a row say alike is committed."""

from __future__ import annotations

import pytest

from streaming.decoding import Word
from streaming.stabilizer import Stabilizer, Stable, held_back, normalized


def words(text: str) -> list[Word]:
    return [Word(f" {each}") for each in text.split()]


def after(*hypotheses: str) -> Stable:
    stabilizer = Stabilizer()
    for each in hypotheses:
        stabilizer.update(words(each))
    return stabilizer.stable


@pytest.mark.parametrize(
    "hypotheses, committed, tentative",
    [
        ([], "", ""),
        (["the quick"], "", "the quick"),
        (["the quick", "the quick brown"], "the quick", " brown"),
        (["the quick", "a quick brown"], "", "a quick brown"),
        (["the quick", "the thick", "the thick fog"], "the thick", " fog"),
        (["the quick", ""], "", ""),
        (["the quick", "the quick", ""], "the quick", ""),
        # A case or a comma is no disagreement, and the later spelling stands.
        (["the quick brown", "The quick, brown fox"], "The quick, brown", " fox"),
        # The last word may still be growing.
        (["the dog.", "the dog"], "the", " dog"),
        (["the dog", "the dogs"], "the", " dogs"),
    ],
)
def test_agreement(hypotheses: list[str], committed: str, tentative: str) -> None:
    assert after(*hypotheses) == Stable(committed, tentative)


def test_committed_words_heard_again_are_not_said_again() -> None:
    stable = after("one two three", "one two three four", "one two three four five")
    assert stable == Stable("one two three four", " five")


def test_a_committed_word_heard_differently_is_neither_taken_back_nor_doubled() -> None:
    assert after("one two", "one two", "one too three", "one too three four") == Stable(
        "one two three", " four"
    )


def test_a_committed_word_split_in_two_is_not_doubled() -> None:
    assert after("all together now", "all together now", "all to gether now then") == Stable(
        "all together now", " then"
    )


def test_words_before_the_window_need_not_be_heard_again() -> None:
    stabilizer = Stabilizer()
    stabilizer.update(words("one two three four"))
    stabilizer.update(words("one two three four"))
    stabilizer.hide(3)
    stabilizer.update(words("four five six"))
    assert stabilizer.update(words("four five six seven")) == Stable(
        "one two three four five six", " seven"
    )
    assert [word.text for word in stabilizer.committed[-2:]] == [" five", " six"]


def test_hiding_never_goes_back_nor_beyond_what_is_committed() -> None:
    stabilizer = Stabilizer()
    stabilizer.update(words("one two"))
    stabilizer.update(words("one two"))
    stabilizer.hide(9)
    assert stabilizer.hidden == 2
    stabilizer.hide(0)
    assert stabilizer.hidden == 2


def test_words_are_those_of_the_text_with_the_times_they_were_heard_at_last() -> None:
    stabilizer = Stabilizer()
    stabilizer.update(words("The quick"))
    stabilizer.update(words("The quick brown"))
    assert [word.start_ms for word in stabilizer.words] == [None, None, None]
    heard = [Word(" the", 0, 90, 0.8), Word(" quick", 90, 300, 0.9), Word(" brown", 310, 600, 0.7)]
    stabilizer.update(heard)
    assert "".join(word.text for word in stabilizer.words) == " The quick brown"
    assert [(word.start_ms, word.confidence) for word in stabilizer.words] == [
        (0, 0.8), (90, 0.9), (310, 0.7),
    ]  # fmt: skip
    stabilizer.update([Word(" a", 5, 6), Word(" quick", 7, 8), Word(" brown", 9, 9), Word(" fox")])
    assert [word.start_ms for word in stabilizer.words] == [0, 90, 310, None]  # not the same words
    stabilizer.update(words("The quick brown fox"))
    assert [word.start_ms for word in stabilizer.words] == [0, 90, 310, None]


def test_scripts_without_spaces_are_joined_as_they_come() -> None:
    stabilizer = Stabilizer()
    stabilizer.update([Word("今"), Word("天")])
    assert stabilizer.update([Word("今"), Word("天"), Word("好")]) == Stable("今天", "好")


@pytest.mark.parametrize(
    "one, other, alike",
    [
        (" Dog.", "dog", True),
        ("café", "cafe\u0301", True),
        ("ﬁn", "fin", True),
        ("Straße", "STRASSE", True),
        ("…", "...", True),
        ("?", "!", False),
        ("it's", "its", True),
        ("dog", "dogs", False),
        ("का", "की", False),
        ("น้ำ", "นำ", False),
    ],
)
def test_what_counts_as_the_same_word(one: str, other: str, alike: bool) -> None:
    assert (normalized(one) == normalized(other)) is alike


@pytest.mark.parametrize(
    "confidences, shown",
    [
        ([], 0),
        ([0.9, 0.9, 0.9], 3),
        ([0.9, 0.9, 0.4], 2),
        ([0.9, 0.4, 0.9], 1),
        ([0.4, 0.9, 0.9], 3),  # too far from the cut to be its fault
        ([0.4], 0),
        ([None, None], 2),
    ],
)
def test_a_doubted_end_is_held_back(confidences: list[float | None], shown: int) -> None:
    heard = [Word(f" w{n}", confidence=each) for n, each in enumerate(confidences)]
    assert held_back(heard) == heard[:shown]


def test_what_is_settled_needs_no_second_hypothesis() -> None:
    heard = [Word(" one", 0, 400), Word(" two", 400, 900), Word(" three", 900, 1_500)]
    assert Stabilizer().update(heard) == Stable("", "one two three")
    assert Stabilizer().update(heard, settled_ms=900) == Stable("one two", " three")
    assert Stabilizer().update(heard, settled_ms=899) == Stable("one", " two three")
    untimed = [Word(" one"), *heard[1:]]
    assert Stabilizer().update(untimed, settled_ms=900) == Stable("", "one two three")


def test_what_has_been_said_to_its_end_is_settled_and_the_next_begins_behind_it() -> None:
    it = Stabilizer()
    it.update(words("a thin stripe"))
    it.update(words("a thin stripe runs"))
    assert it.settle() == Stable("a thin stripe runs", "")
    assert it.hidden == 4
    assert it.update(words("runs many")) == Stable("a thin stripe runs", " runs many")


def test_settled_as_it_was_heard_since_but_for_what_was_committed() -> None:
    it = Stabilizer()
    it.update(words("a tin stripe"))
    it.update(words("a tin stripes down"))
    assert it.stable == Stable("a tin", " stripes down")
    assert it.settle(words("A thin stripe runs down.")) == Stable("a tin stripe runs down.", "")
    assert it.settle(words("A thin stripe runs down.")) == Stable("a tin stripe runs down.", "")
