"""However an engine dawdles, partials are about what is new, and go on as long as there is some."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.decoding import Word
from streaming.window import Window, WindowConfig

MS = 16
FRAME = 320

configs = st.builds(
    WindowConfig,
    step_ms=st.integers(100, 2_000),
    first_ms=st.integers(200, 2_000),
    trim_ms=st.integers(2_000, 8_000),
    keep_ms=st.integers(500, 2_000),
)
speech = st.lists(st.tuples(st.booleans(), st.integers(1, 80)), max_size=15).map(
    lambda those: [flag for flag, count in those for _ in range(count)]
)


@settings(max_examples=120, deadline=None)
@given(configs, speech, st.integers(1, 60))
def test_each_partial_holds_new_voice_and_none_is_due_without(
    config: WindowConfig, voiced: list[bool], every: int
) -> None:
    window = Window(0, config)
    now = voice_end = decoded = 0
    for index, flag in enumerate(voiced):
        now += FRAME
        voice_end = now if flag else voice_end
        span = window.due(now, voice_end)
        if voice_end <= decoded:
            assert span is None
        if span is None or index % every:
            continue
        assert span.start == window.start < span.end <= now
        assert span.end > decoded
        assert span.end >= voice_end
        decoded = span.end
        window.decoded(decoded)
        assert window.due(now, voice_end) is None
    # The speaker falls silent: one more is due where something new was said, and then never.
    now += (config.first_ms + config.step_ms) * MS
    last = window.due(now, voice_end)
    assert (last is not None) == (voice_end > decoded)
    if last is not None:
        window.decoded(last.end)
    assert window.due(now + 60_000 * MS, voice_end) is None


@settings(max_examples=80, deadline=None)
@given(configs, st.lists(st.integers(120, 900), min_size=5, max_size=80), st.booleans())
def test_speech_that_is_agreed_on_keeps_the_window_short(
    config: WindowConfig, lengths_ms: list[int], dawdling: bool
) -> None:
    window = Window(0, config)
    committed: list[Word] = []
    hidden = now_ms = 0
    longest = config.trim_ms + config.step_ms + (2_000 if dawdling else 0)
    for index, length in enumerate(lengths_ms):
        committed.append(Word(f" w{index}", now_ms, now_ms + length))
        now_ms += length
        if dawdling and index % 2:
            continue
        span = window.due(now_ms * MS, now_ms * MS)
        if span is None:
            continue
        window.decoded(span.end)
        agreed = committed[:-1]
        moved = window.slide(agreed, span.end)
        if moved:
            assert moved > hidden
            hidden = moved
            assert window.start == (agreed[moved].start_ms or 0) * MS
        # What is kept: the last words, the ones too near the end, and the anchor before them.
        assert (span.end - window.start) // MS <= max(longest, config.keep_ms + 2 * 900)
        assert window.start <= max(0, span.end - config.keep_ms * MS)
