"""Finals come back as they went, and take little room."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.decoding import Word
from streaming.events import EndReason, Final
from streaming.finals import dump_final, load_final, pack_final, unpack_final

shares = st.floats(0, 1)
times = st.none() | st.integers(0, 10**9)
words = st.builds(Word, st.text(max_size=20), times, times, st.none() | shares)
finals = st.builds(
    Final,
    segment=st.integers(0, 10**6),
    channel=st.integers(0, 7),
    start_ms=st.integers(0, 10**9),
    end_ms=st.integers(0, 10**9),
    text=st.text(max_size=200),
    confidence=shares,
    language=st.sampled_from(["en", "yue", ""]),
    language_confidence=shares,
    reason=st.sampled_from(EndReason),
    words=st.none() | st.lists(words, max_size=8).map(tuple),
    word_count=st.integers(0, 100),
    voice_end_ms=st.integers(0, 10**9),
    ended_at_ms=st.integers(0, 10**9),
)


@given(finals)
def test_a_final_comes_back_as_it_went(final: Final) -> None:
    for back in (
        unpack_final(pack_final(final)),
        load_final(json.loads(json.dumps(dump_final(final)))),
    ):
        assert back == final
        # These are no part of being equal.
        assert (back.voice_end_ms, back.ended_at_ms) == (final.voice_end_ms, final.ended_at_ms)


def test_an_hour_of_speech_is_half_a_mebibyte() -> None:
    held = 0
    for number in range(600):  # of 15 words each: 150 words a minute
        said = tuple(
            Word(
                f" word{(number * 7 + i) ** 2 % 2_999}",
                at,
                at + 310,
                (number * 31 + i * 17) % 499 / 499,
            )
            for i, at in enumerate(range(6_000 * number, 6_000 * number + 15 * 371, 371))
        )
        text = "".join(word.text for word in said).strip()
        final = Final(
            number, 0, 6_000 * number, 6_000 * (number + 1), text, 0.9, "en", 1.0,
            EndReason.SILENCE, said, len(said),
        )  # fmt: skip
        held += sys.getsizeof(pack_final(final))
    assert held < 2**19


@pytest.mark.parametrize("broken", [{}, {"words": 3}, {"words": [{"txt": ""}]}, {"words": None}])
def test_what_is_no_final_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        load_final(broken)
