"""What is remembered of the last words, and for how long."""

from __future__ import annotations

from streaming.decoding import Word
from streaming.said import Said

MS = 16


def word(name: str, at_ms: int) -> Word:
    return Word(f" {name}", at_ms, at_ms + 200, 0.9)


def test_words_are_found_by_their_beginning() -> None:
    said = Said()
    one, two, three = word("one", 1_000), word("two", 2_000), word("three", 3_000)
    said.hear((one, two), "en", 2_500 * MS)
    said.hear((three,), "en", 3_500 * MS)
    assert said.between(0, 9_999, "en") == (one, two, three)
    assert said.between(2_000, 3_000, "en") == (two,)
    assert said.through == 3_500 * MS


def test_what_was_not_understood_changes_no_words() -> None:
    said = Said()
    said.hear((word("one", 1_000),), "en", 1_500 * MS)
    said.nothing(3_000 * MS)
    assert said.between(0, 9_999, "en") == (word("one", 1_000),)
    assert said.through == 3_000 * MS


def test_words_of_another_language_and_words_without_times_lead_to_nothing() -> None:
    said = Said()
    said.hear((word("eins", 1_000),), "de", 1_500 * MS)
    assert said.between(0, 9_999, "en") == ()
    said.hear((word("one", 2_000), Word(" two")), "en", 2_500 * MS)
    assert said.between(0, 9_999, "en") == (word("one", 2_000),)
    assert said.between(0, 9_999, "de") == ()


def test_an_hour_is_not_remembered() -> None:
    said = Said()
    for second in range(0, 3_600, 2):
        said.hear((word("again", second * 1_000),), "en", (second + 1) * 1_000 * MS)
    assert len(said.between(0, 3_600_000, "en")) <= 6
