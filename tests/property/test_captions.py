"""Whatever is said and however badly it is timed, the captions hold it once, in order, legibly."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.captions import CueStyle, make_cues
from streaming.captions.text import clean, text_width
from streaming.decoding import Word
from streaming.events import EndReason, Final

LETTERS = st.sampled_from("abcXYZäß.,?!'&<>-→日本語。、「」ーですกที่ราم한국 \n\x00")
TEXTS = st.text(LETTERS, max_size=14)
TIMES = st.integers(-50, 20_000)
WORDS = st.builds(
    lambda text, spaced, start, end: Word(f" {text}" if spaced else text, start, end, 0.5),
    TEXTS,
    st.booleans(),
    TIMES,
    TIMES,
)


@st.composite
def finals(draw: st.DrawFn) -> Final:
    words = tuple(draw(st.lists(WORDS, max_size=12)))
    start = draw(st.integers(0, 4_000_000))
    offset = draw(st.sampled_from([0, 3_599_000, 36_000_000]))
    words = tuple(
        Word(w.text, (w.start_ms or 0) + start + offset, (w.end_ms or 0) + start + offset, 0.5)
        for w in words
    )
    text = "".join(word.text for word in words)
    return Final(
        segment=0,
        channel=draw(st.integers(0, 2)),
        start_ms=start + offset,
        end_ms=start + offset + draw(st.integers(0, 20_000)),
        text=text,
        confidence=0.5,
        language="en",
        language_confidence=0.5,
        reason=EndReason.END,
        words=words if draw(st.booleans()) else None,
    )


def letters(text: str) -> str:
    return "".join(clean(text).split())


STYLES = st.builds(CueStyle, st.integers(4, 42), st.integers(1, 3))


@given(st.lists(finals(), max_size=6), STYLES)
@settings(deadline=None)
def test_every_character_appears_once_in_order_and_cues_never_overlap(
    said: list[Final], style: CueStyle
) -> None:
    cues = make_cues(said, style=style)
    assert [c.start_ms for c in cues] == sorted(c.start_ms for c in cues)
    for channel in range(3):
        own = [cue for cue in cues if cue.channel == channel]
        spoken = sorted((f for f in said if f.channel == channel), key=lambda f: f.start_ms)
        assert letters("".join(line for cue in own for line in cue.lines)) == letters(
            "".join(final.text for final in spoken)
        )
        for cue in own:
            assert 0 <= cue.start_ms < cue.end_ms
            assert 1 <= len(cue.lines) <= style.max_lines
            assert all(line == line.strip() and line for line in cue.lines)
        for before, after in pairwise(own):
            assert before.end_ms <= after.start_ms


@given(
    st.lists(st.text(st.characters(categories=["Ll"]), min_size=1, max_size=10), max_size=60),
    st.integers(1, 400),
)
@settings(deadline=None)
def test_words_are_kept_whole_and_lines_within_their_width(words: list[str], ms: int) -> None:
    words = ["".join(c for c in word if text_width(c) == 1) or "x" for word in words]
    timed = tuple(Word(f" {w}", k * ms, k * ms + ms, 0.5) for k, w in enumerate(words))
    final = Final(0, 0, 0, len(words) * ms, " ".join(words), 0.5, "en", 0.5, EndReason.END, timed)
    cues = make_cues([final])
    assert " ".join(line for cue in cues for line in cue.lines).split() == words
    assert all(text_width(line) <= 37 for cue in cues for line in cue.lines)
