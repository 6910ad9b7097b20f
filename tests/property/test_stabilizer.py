"""Whatever an engine says, committed text only grows and agreement is kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.decoding import Word
from streaming.stabilizer import Stabilizer, normalized

spellings = st.sampled_from(
    ["a", "b", "c", "A", "b,", "dog", "dogs", "dog.", "…", "'s", "की", "का", "你", "é", "e\u0301"]
)
texts = st.one_of(spellings, st.text(max_size=4)).map(lambda text: f" {text}")
hypotheses = st.lists(texts, max_size=12)


def words(those: list[str]) -> list[Word]:
    return [Word(text) for text in those]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(hypotheses, st.integers(0, 20)), max_size=8))
def test_committed_only_grows_as_text_and_as_words(
    story: list[tuple[list[str], int]],
) -> None:
    stabilizer = Stabilizer()
    text, count = "", 0
    for hypothesis, hidden in story:
        stable = stabilizer.update(words(hypothesis))
        assert stable == stabilizer.stable
        assert stable.committed.startswith(text)
        assert len(stabilizer.committed) >= count
        text, count = stable.committed, len(stabilizer.committed)
        stabilizer.hide(hidden)
        assert stabilizer.hidden <= count
        assert stabilizer.stable == stable


@settings(max_examples=100, deadline=None)
@given(hypotheses)
def test_what_was_said_twice_alike_is_committed_whole(hypothesis: list[str]) -> None:
    stabilizer = Stabilizer()
    first = stabilizer.update(words(hypothesis))
    assert first.committed == ""
    assert first.tentative == "".join(hypothesis).lstrip()
    second = stabilizer.update(words(hypothesis))
    assert second.committed == "".join(hypothesis).lstrip()
    assert second.tentative == ""


distinct = st.lists(
    st.integers(0, 10_000).map(lambda n: f" w{n}"), min_size=1, max_size=30, unique=True
)


@settings(max_examples=100, deadline=None)
@given(distinct, st.data())
def test_a_growing_truth_over_a_sliding_window_is_committed_once_and_in_order(
    truth: list[str], data: st.DataObject
) -> None:
    stabilizer = Stabilizer()
    start = 0
    for heard in range(1, len(truth) + 1):
        stable = stabilizer.update(words(truth[start:heard]))
        assert stable.committed + stable.tentative == "".join(truth[:heard]).lstrip()
        assert len(stabilizer.committed) == heard - 1
        # The window follows, with one committed word left in it as an anchor.
        start = data.draw(st.integers(start, max(start, heard - 2)))
        stabilizer.hide(start)


@settings(max_examples=100, deadline=None)
@given(distinct, hypotheses)
def test_one_stray_hypothesis_takes_nothing_back(truth: list[str], stray: list[str]) -> None:
    stabilizer = Stabilizer()
    stabilizer.update(words(truth))
    agreed = stabilizer.update(words(truth)).committed
    assert stabilizer.update(words(stray)).committed == agreed
    assert stabilizer.update(words(truth)).committed.startswith(agreed)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(categories=["L", "N", "M"]), min_size=1, max_size=8))
def test_punctuation_does_not_make_another_word(text: str) -> None:
    assert normalized(f" {text},") == normalized(text)
    assert normalized(f"“{text}”") == normalized(text)
