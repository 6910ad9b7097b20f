"""The ring against the plainest model: a list of everything ever appended."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio.ring import SampleRing


@given(
    capacity=st.integers(1, 50) | st.integers(5_000, 40_000),
    lengths=st.lists(st.integers(0, 120) | st.integers(5_000, 20_000), max_size=20),
    forgotten=st.lists(st.integers(-10, 30_000), max_size=20),
    reads=st.lists(st.tuples(st.integers(-5, 300), st.integers(-5, 300)), max_size=20),
)
def test_ring_equals_a_list(
    capacity: int, lengths: list[int], forgotten: list[int], reads: list[tuple[int, int]]
) -> None:
    ring = SampleRing(capacity)
    model: list[float] = []
    oldest = 0
    for length, forget in zip_longest(lengths, forgotten):
        block = np.arange(len(model), len(model) + (length or 0), dtype=np.float32)
        ring.append(block)
        model.extend(block.tolist())
        oldest = max(oldest, len(model) - capacity)
        if forget is not None:
            ring.forget(forget)
            oldest = max(oldest, min(forget, len(model)))
        assert (ring.start, ring.end, len(ring)) == (oldest, len(model), len(model) - oldest)
        assert ring.read(ring.start, ring.end).tolist() == model[oldest:]
    for start, end in [(oldest + start, oldest + end) for start, end in reads]:
        if oldest <= start <= end <= len(model):
            assert ring.read(start, end).tolist() == model[start:end]
        else:
            with pytest.raises(IndexError):
                ring.read(start, end)
