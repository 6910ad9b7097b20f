from __future__ import annotations

import pytest

from load.latency import Moments, SpokenWord, attribute, follow, spoken_words
from load.programme import Utterance
from load.shown import FinalWord, Shown


def final_words(segment: int, text: str, begin_s: float = 0.0) -> list[FinalWord]:
    return [FinalWord(w, segment, i, begin_s + i) for i, w in enumerate(text.split())]


def shown(at_s: float, text: str, committed: int = 0, segment: int = 0) -> Shown:
    return Shown(at_s, segment, tuple(text.split()), committed)


def final(at_s: float, text: str, segment: int = 0) -> Shown:
    words = tuple(text.split())
    return Shown(at_s, segment, words, len(words), final=True)


def test_a_word_is_followed_from_its_first_showing_to_its_final() -> None:
    moments = follow(
        final_words(0, "the cat sat"),
        [
            shown(1.0, "the"),
            shown(1.6, "the hat", committed=1),
            shown(2.2, "the cat", committed=1),
            shown(2.8, "the cat sat", committed=2),
            final(4.0, "the cat sat"),
        ],
    )
    assert moments[0, 0] == Moments(1.0, 1.0, 1.6, 4.0)
    assert moments[0, 1] == Moments(2.2, 2.2, 2.8, 4.0)
    assert moments[0, 2] == Moments(2.8, 2.8, 4.0, 4.0)


def test_a_word_that_was_taken_back_is_stable_only_when_it_came_back() -> None:
    moments = follow(
        final_words(0, "a b"),
        [shown(1.0, "a b"), shown(2.0, "a c"), shown(3.0, "a b"), final(4.0, "a b")],
    )
    assert moments[0, 1] == Moments(1.0, 3.0, 4.0, 4.0)
    assert moments[0, 0] == Moments(1.0, 1.0, 4.0, 4.0)


def test_the_same_word_elsewhere_does_not_count() -> None:
    moments = follow(final_words(0, "a b a"), [shown(1.0, "a"), final(2.0, "a b a")])
    assert moments[0, 0].first_shown_s == 1.0
    assert moments[0, 2].first_shown_s == 2.0


def test_an_extra_word_in_front_does_not_shift_the_others() -> None:
    moments = follow(final_words(0, "b c"), [shown(1.0, "uh b c"), final(2.0, "b c")])
    assert [moments[0, i].first_shown_s for i in (0, 1)] == [1.0, 1.0]


def test_words_cut_into_the_next_segment_were_shown_by_the_one_before() -> None:
    words = final_words(0, "a b") + final_words(1, "c d", begin_s=2.0)
    moments = follow(
        words,
        [
            shown(1.0, "a b c"),
            final(2.0, "a b"),
            shown(2.5, "c", committed=1, segment=1),
            final(3.0, "c d", segment=1),
        ],
    )
    assert moments[1, 0] == Moments(1.0, 2.5, 2.5, 3.0)
    assert moments[1, 1] == Moments(3.0, 3.0, 3.0, 3.0)


def test_a_word_visible_in_both_segments_stays_stable() -> None:
    words = final_words(0, "a") + final_words(1, "b", begin_s=1.0)
    moments = follow(
        words,
        [
            shown(1.0, "a b"),
            shown(1.2, "b", segment=1),
            final(2.0, "a"),
            final(3.0, "b", segment=1),
        ],
    )
    assert moments[1, 0] == Moments(1.0, 1.0, 3.0, 3.0)


def test_a_segment_without_a_final_is_passed_over() -> None:
    moments = follow(final_words(1, "b"), [shown(1.0, "b", segment=0), final(3.0, "b", segment=1)])
    assert moments[1, 0] == Moments(3.0, 3.0, 3.0, 3.0)


def test_spoken_words_find_their_own() -> None:
    spoken = [
        SpokenWord("the", 0.5, 0.5),
        SpokenWord("cat", 1.0, 1.0),
        SpokenWord("sat", 1.5, 1.5),
    ]
    finals = final_words(0, "the hat sat")
    found = attribute(spoken, finals, [shown(2.0, "the hat"), final(3.0, "the hat sat")])
    assert found.words == {0: Moments(2.0, 2.0, 3.0, 3.0), 2: Moments(3.0, 3.0, 3.0, 3.0)}
    assert found.beside == {(0, 0): 0, (0, 1): 1, (0, 2): 2}


def test_nothing_heard_and_nothing_said() -> None:
    spoken = [SpokenWord("the", 0.5, 0.5)]
    assert attribute(spoken, [], []).words == {}
    assert attribute([], final_words(0, "a"), [final(1.0, "a")]).words == {}


def test_reference_words_lose_punctuation_and_keep_their_ends() -> None:
    utterance = Utterance(
        "f", "s", 0, 10.0, 13.0, "Don't – go.", ("Don't", "–", "go."), (10.4, 10.5, 11.0)
    )
    assert spoken_words([utterance]) == [
        SpokenWord("dont", 10.4, 10.4),
        SpokenWord("go", 11.0, 11.0),
    ]


def test_without_ends_the_words_are_spread_evenly() -> None:
    utterance = Utterance("f", "s", 0, 10.0, 14.0, "a b", ("a", "b"))
    found = spoken_words([utterance])
    assert [word.end_s for word in found] == [None, None]
    assert [word.about_s for word in found] == pytest.approx([11.0, 13.0])
