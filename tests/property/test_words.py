"""Whatever a tokenizer and an alignment give, words conserve the text and stay in order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.engine.words import FRAME_MS, spans, timed_words, token_starts

pieces = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from([" a", "b", ",", " (", ")", ' "', '"', " ", "", " …", "今", "。"]),
            st.text(max_size=4),
        ),
        st.integers(0, 3),
    ),
    max_size=12,
)
# What dynamic time warping gives: neither tokens nor frames ever go back.
paths = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=40)


def monotone(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    path, token, frame = [], 0, 0
    for right, down in steps:
        token, frame = token + right, frame + down
        path.append((token, frame))
    return path


@settings(max_examples=200, deadline=None)
@given(pieces, st.booleans(), paths, st.integers(0, 30_000))
def test_words_conserve_text_and_tokens_and_follow_each_other(
    those: list[tuple[str, int]],
    spaced: bool,
    steps: list[tuple[int, int]],
    duration_ms: int,
) -> None:
    tokens = [[0] * count for _, count in those]
    total = sum(len(each) for each in tokens)
    found = spans([text for text, _ in those], tokens, spaced=spaced)
    assert "".join(span.text for span in found) == "".join(text for text, _ in those)
    assert all(a.last == b.first for a, b in pairwise(found))
    if found:
        assert (found[0].first, found[-1].last) == (0, total)

    path = monotone(steps)
    starts = token_starts(path, total)
    assert len(starts) == total + 1
    assert starts == sorted(starts)
    assert starts[-1] <= max((frame for _, frame in path), default=0)

    words = timed_words(found, starts, [0.5] * total, duration_ms)
    assert [word.text for word in words] == [span.text for span in found]
    floor = 0
    for word in words:
        assert word.start_ms is not None
        assert word.end_ms is not None
        assert floor <= word.start_ms <= word.end_ms <= duration_ms
        assert word.end_ms <= starts[-1] * FRAME_MS
        floor = word.end_ms
