"""Words that may still change: known times stay, the others lie between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streaming.decoding import Word
from streaming.transports.deepgram_interim import confidence, timed


def times(words: list[Word], start_ms: int, end_ms: int) -> list[tuple[int | None, int | None]]:
    return [(word.start_ms, word.end_ms) for word in timed(words, start_ms, end_ms)]


def test_without_any_times_words_are_as_long_as_they_have_letters() -> None:
    words = [Word("a"), Word(" bcd"), Word(" ef.")]
    assert times(words, 1_000, 1_700) == [(1_000, 1_100), (1_100, 1_400), (1_400, 1_700)]


def test_known_times_stay_and_the_others_fill_what_is_between() -> None:
    words = [Word("a"), Word(" b", 600, 700), Word(" c"), Word(" d", 1_000, 1_200), Word(" e")]
    assert times(words, 500, 1_300) == [
        (500, 600), (600, 700), (700, 1_000), (1_000, 1_200), (1_200, 1_300),
    ]  # fmt: skip


def test_nothing_comes_of_nothing() -> None:
    assert timed([], 0, 100) == []
    assert confidence([]) == 0


def test_confidence_is_the_mean_of_what_is_known() -> None:
    words = [Word("a", confidence=0.5), Word("b"), Word("c", confidence=1.0)]
    assert confidence(words) == 0.75


TIMES = st.none() | st.tuples(st.integers(0, 9_000), st.integers(0, 2_000))


@given(st.lists(st.tuples(st.text(max_size=8), TIMES), max_size=12), st.integers(0, 3_000))
def test_times_never_go_back(spoken: list[tuple[str, tuple[int, int] | None]], start: int) -> None:
    words = [
        Word(text) if known is None else Word(text, known[0], known[0] + known[1])
        for text, known in spoken
    ]
    at = start
    for word in timed(words, start, start + 4_000):
        assert word.start_ms is not None
        assert word.end_ms is not None
        assert at <= word.start_ms <= word.end_ms
        at = word.end_ms
