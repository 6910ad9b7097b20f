"""What is cut off a hypothesis is its end, and what is left of a loop is its first pass."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.decoding import Hypothesis, Word
from streaming.quality import degenerate, showable, without_echo, without_loop, without_tail

names = st.sampled_from(["a", "b", "c", "d", "A,", "…"])
durations = st.one_of(st.none(), st.sampled_from([0, 0, 200]))
talk = st.lists(st.tuples(names, durations), max_size=14)


def words(those: list[tuple[str, int | None]]) -> tuple[Word, ...]:
    out, at = [], 0
    for name, duration in those:
        end = None if duration is None else at + duration
        out.append(Word(f" {name}", None if duration is None else at, end))
        at = at if end is None else end
    return tuple(out)


def said(those: tuple[Word, ...], *, looped: bool = False) -> Hypothesis:
    text = "".join(word.text for word in those).strip()
    return Hypothesis(text, those, "en", 1.0, token_count=len(those), looped=looped)


@settings(max_examples=200, deadline=None)
@given(talk, st.booleans())
def test_only_the_end_is_cut_and_never_everything(
    those: list[tuple[str, int | None]], looped: bool
) -> None:
    whole = words(those)
    for cut in (without_echo, without_loop, without_tail):
        kept = cut(whole)
        assert kept == whole[: len(kept)]
        assert bool(kept) == bool(whole)
        assert len(cut(kept)) <= len(kept)
    shown = showable(said(whole, looped=looped))
    assert shown == whole[: len(shown)]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5), st.integers(3, 8), st.integers(3, 5), st.integers(0, 7))
def test_of_a_loop_the_first_pass_is_left(
    lead: int, length: int, times: int, remainder: int
) -> None:
    unit = [f"u{n}" for n in range(length)]
    heard = [f"l{n}" for n in range(lead)] + unit * times + unit[: remainder % length]
    whole = tuple(Word(f" {name}") for name in heard)
    assert degenerate(said(whole)) is not None or length < 4
    assert without_tail(whole) == whole[: lead + length]
    assert without_loop(whole) == whole[: lead + length]
