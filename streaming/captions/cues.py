"""Finals cut into cues: what stands on screen together, on which lines, from when to when.

A cue is at most two lines of about 37 columns, as the BBC's subtitle guidelines advise. It is cut
at word times, by preference after a sentence, a clause or a pause, and stays on screen long enough
to be read where the next one leaves room. Per channel, cues never overlap and never go back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from streaming.captions.text import (
    breakable,
    clean,
    clusters,
    ends_clause,
    ends_sentence,
    text_width,
)


class SpokenWord(Protocol):
    """A word with its stream time, if known; a leading space in ``text`` says that one precedes."""

    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def start_ms(self) -> int | None: ...  # noqa: D102
    @property
    def end_ms(self) -> int | None: ...  # noqa: D102
    @property
    def confidence(self) -> float | None: ...  # noqa: D102


class Utterance(Protocol):
    """What captions are made of; :class:`streaming.events.Final` is one."""

    @property
    def channel(self) -> int: ...  # noqa: D102
    @property
    def start_ms(self) -> int: ...  # noqa: D102
    @property
    def end_ms(self) -> int: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def words(self) -> Sequence[SpokenWord] | None: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def confidence(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class CueStyle:
    """How large a cue may be and how long it stands.

    Widths are in columns, of which a wide character takes two; 55 ms a column is 180 words a
    minute. Gaps shorter than ``join_gap_ms`` are closed.
    """

    line_width: int = 37
    max_lines: int = 2
    min_ms: int = 1_000
    max_ms: int = 7_000
    column_ms: int = 55
    join_gap_ms: int = 250

    def __post_init__(self) -> None:
        for name in ("line_width", "max_lines"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is less than 1")


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines of text on screen from ``start_ms`` up to ``end_ms``."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    channel: int = 0
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A stretch of text that no line is broken in."""

    text: str
    spaced: bool
    start_ms: int
    end_ms: int
    width: int


def make_cues(
    utterances: Iterable[Utterance],
    *,
    style: CueStyle | None = None,
    speakers: Mapping[int, str] | None = None,
) -> list[Cue]:
    """Return the cues of all channels in the order of their start.

    Words without times are spread over their utterance by their width. ``speakers`` names
    channels.
    """
    style = style or CueStyle()
    by_channel: dict[int, list[Utterance]] = {}
    for utterance in utterances:
        by_channel.setdefault(utterance.channel, []).append(utterance)
    cues: list[Cue] = []
    for channel, said in by_channel.items():
        speaker = clean((speakers or {}).get(channel, "")) or None
        said.sort(key=lambda utterance: utterance.start_ms)
        raw = [
            Cue(
                cut[0].start_ms,
                max(chunk.end_ms for chunk in cut),
                _lines(cut, style),
                channel,
                speaker,
            )
            for utterance in said
            for cut in _cut(_chunks(utterance, style.line_width), style)
        ]
        cues += _timed(raw, style)
    return sorted(cues, key=lambda cue: (cue.start_ms, cue.channel))


def _chunks(utterance: Utterance, line_width: int) -> list[_Chunk]:
    """An utterance's text in its smallest unbroken stretches, with times that never go back."""
    chunks: list[_Chunk] = []
    now = max(0, utterance.start_ms)
    for text, spaced, start, end in _words(utterance, line_width):
        now = max(now, start)
        chunk = _Chunk(text, spaced, now, max(now, end), text_width(text))
        if chunks and not breakable(chunks[-1].text, text, spaced=spaced):
            last = chunks.pop()
            text = f"{last.text} {text}" if spaced else last.text + text
            end = max(last.end_ms, chunk.end_ms)
            chunk = _Chunk(text, last.spaced, last.start_ms, end, text_width(text))
        chunks.append(chunk)
    return chunks


def _words(utterance: Utterance, line_width: int) -> Iterator[tuple[str, bool, int, int]]:
    """Pieces of text, whether a space precedes each, and their times."""
    whole = clean(utterance.text)
    words = utterance.words
    if not words or any(word.start_ms is None or word.end_ms is None for word in words):
        yield from _spread(whole, False, utterance.start_ms, utterance.end_ms, 0)
        return
    at = 0
    for word in words:
        text = clean(word.text)
        # The utterance's text knows best where spaces stand; some sources strip their words.
        rest = whole[at:].lstrip()
        if rest.startswith(text):
            spaced = len(rest) < len(whole) - at
            at = len(whole) - len(rest) + len(text)
        else:
            spaced = word.text[:1].isspace()
        yield from _spread(text, spaced, word.start_ms or 0, word.end_ms or 0, line_width)


def _spread(
    text: str, spaced: bool, start: int, end: int, keep_width: int
) -> Iterator[tuple[str, bool, int, int]]:
    """One text at its spaces, and inside what is wider than ``keep_width`` where its script allows.

    The time is spread over the pieces by their width.
    """
    total, done = max(1, text_width(text)), 0
    for word in text.split():
        for piece in [word] if text_width(word) <= keep_width else clusters(word):
            width = text_width(piece)
            first = start + (end - start) * done // total
            yield piece, spaced, first, start + (end - start) * (done + width) // total
            spaced = False
            done += width
        spaced = True
        done += 1


def _end_cost(chunk: _Chunk) -> int:
    """How badly a cue or line ends after this chunk."""
    if ends_sentence(chunk.text):
        return 0
    return 12 if ends_clause(chunk.text) else 30


def _cut(chunks: Sequence[_Chunk], style: CueStyle) -> list[Sequence[_Chunk]]:
    """Divide an utterance into cues at the least total cost (dynamic programming over ends)."""
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * len(chunks)
    for first in range(len(chunks)):
        lines, column = 1, chunks[first].width
        for last in range(first, len(chunks)):
            if last > first:
                lines, column = _place(chunks[last], lines, column, style.line_width)
            if lines > style.max_lines:
                break
            cost = best[first][0] + _cue_cost(chunks, first, last, style)
            best[last + 1] = min(best[last + 1], (cost, first))
    cues = []
    end = len(chunks)
    while end:
        first = best[end][1]
        cues.append(chunks[first:end])
        end = first
    return cues[::-1]


def _cue_cost(chunks: Sequence[_Chunk], first: int, last: int, style: CueStyle) -> float:
    duration = chunks[last].end_ms - chunks[first].start_ms
    cost = 40 + max(0, duration - style.max_ms) / 20 + max(0, style.min_ms - duration) / 20
    # A sentence that ends in the midst of a cue reads less well than one that ends it.
    cost += 30 * sum(ends_sentence(chunk.text) for chunk in chunks[first:last])
    if last + 1 < len(chunks):
        pause = chunks[last + 1].start_ms - chunks[last].end_ms
        cost += max(0.0, _end_cost(chunks[last]) - pause / 20)
    return cost


def _lines(chunks: Sequence[_Chunk], style: CueStyle) -> tuple[str, ...]:
    """Break one cue into as few lines as hold it, of like length, ending well."""
    count = _line_count(chunks, style.line_width)
    if count == 1:
        return (_joined(chunks),)
    target = sum(chunk.width + chunk.spaced for chunk in chunks) / count
    best = (float("inf"), 1)
    for at in range(1, len(chunks)):
        width = text_width(_joined(chunks[:at]))
        if (width <= style.line_width or at == 1) and (
            _line_count(chunks[at:], style.line_width) < count
        ):
            best = min(best, (abs(width - target) + _end_cost(chunks[at - 1]) / 4, at))
    return _joined(chunks[: best[1]]), *_lines(chunks[best[1] :], style)


def _line_count(chunks: Sequence[_Chunk], line_width: int) -> int:
    lines, column = 1, chunks[0].width
    for chunk in chunks[1:]:
        lines, column = _place(chunk, lines, column, line_width)
    return lines


def _place(chunk: _Chunk, lines: int, column: int, line_width: int) -> tuple[int, int]:
    """Put a chunk behind others: on their last line where it fits, else on a new one."""
    after = column + chunk.spaced + chunk.width
    return (lines, after) if after <= line_width else (lines + 1, chunk.width)


def _joined(chunks: Sequence[_Chunk]) -> str:
    return "".join(f" {chunk.text}" if chunk.spaced else chunk.text for chunk in chunks).strip()


def _timed(cues: Sequence[Cue], style: CueStyle) -> list[Cue]:
    """One channel's cues without overlap, each long enough to be read where there is room."""
    ordered: list[Cue] = []
    now = 0
    for cue in cues:
        start = max(now, cue.start_ms)
        now = max(start + 1, cue.end_ms)
        ordered.append(replace(cue, start_ms=start, end_ms=now))
    stretched = []
    for at, cue in enumerate(ordered):
        reading_ms = max(style.min_ms, style.column_ms * sum(map(text_width, cue.lines)))
        wanted = max(cue.end_ms, cue.start_ms + reading_ms)
        if at + 1 < len(ordered):
            next_start = ordered[at + 1].start_ms
            # A gap too short to be seen as one only flickers.
            near = next_start - wanted < style.join_gap_ms
            wanted = next_start if near else wanted
        stretched.append(replace(cue, end_ms=wanted))
    return stretched
