"""From Whisper's tokens to words with times and confidences.

The token-to-word split is the tokenizer's; what is done here is to put punctuation where it
belongs and to turn the alignment path of dynamic time warping over the cross-attention heads
(Whisper, Radford et al. 2022, section on word-level timestamps) into word boundaries.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from streaming.confidence import MEASURED, Calibration, evidence
from streaming.decoding import Word

FRAME_MS = 20  # one encoder position
_OPENING = "\"'“‘¿¡([{「『（《"
_CLOSING = "\"'.。,，!！?？:：”)]}、」』）》…%"
_LONGEST_WORD_MS = 1500
_PER_CHARACTER_MS = 150


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """One word's text and the half-open range of its tokens.

    The first ``marks_before`` and the last ``marks_behind`` of them are punctuation only.
    """

    text: str
    first: int
    last: int
    marks_before: int = 0
    marks_behind: int = 0

    @property
    def spoken(self) -> range:
        """The tokens of what is said, without the punctuation at its sides."""
        return range(self.first + self.marks_before, self.last - self.marks_behind)


def spans(
    words: Sequence[str], tokens: Sequence[Sequence[int]], *, spaced: bool = True
) -> list[TokenSpan]:
    """Join the tokenizer's pieces into words, so that nothing but a space separates two of them.

    In a language without spaces (``spaced`` false) the pieces are characters: there, closing
    marks join the piece before, opening marks the one behind, and letters of other scripts each
    other. A space leads the word behind it. Text is conserved exactly: joining the result gives
    the input.
    """
    out: list[TokenSpan] = []
    position = 0
    for text, ids in zip(words, tokens, strict=True):
        span = TokenSpan(text, position, position + len(ids))
        position = span.last
        if out and _belongs_behind(out[-1].text, text, spaced):
            out[-1] = _joined(out[-1], span)
        else:
            out.append(span)
    if len(out) > 1 and not out[-1].text.strip():
        out[-2:] = [_joined(out[-2], out[-1])]
    return out


def _joined(one: TokenSpan, other: TokenSpan) -> TokenSpan:
    before, behind = one.marks_before, other.marks_behind
    if not _said(other.text):
        behind = one.marks_behind + other.last - other.first
    elif not _said(one.text):
        before = one.last - one.first + other.marks_before
    return TokenSpan(one.text + other.text, one.first, other.last, before, behind)


def _said(text: str) -> bool:
    """Whether there is a letter, a digit or part of one in it: whether it can be heard."""
    return any(unicodedata.category(character)[0] in "LMN" for character in text)


def _belongs_behind(before: str, text: str, spaced: bool) -> bool:
    """Whether a piece is part of the word before it."""
    stripped = text.strip()
    if all(c in _OPENING for c in before.strip()):
        return True  # a lone space too: it leads the word behind it
    if not stripped:
        return False
    if spaced and not text.startswith(" "):
        return True
    if not spaced and _spaced_script(before[-1]) and _spaced_script(text[0]):
        return True
    return all(c in _CLOSING for c in stripped)


def _spaced_script(character: str) -> bool:
    """Whether it is a letter or digit of a script that puts spaces between words.

    Latin, Greek, Cyrillic and Armenian stand below U+0590: names and numbers inside Chinese or
    Japanese are written in them, and come in several pieces.
    """
    return character < "\u0590" and character.isalnum()


def token_starts(path: Sequence[tuple[int, int]], token_count: int) -> list[int]:
    """Return the first encoder frame of each text token, and of the end-of-text behind them.

    ``path`` is a monotone list of (token, frame) pairs; the result has ``token_count + 1``
    entries that never decrease. Tokens the path skips start where their successor does.
    """
    starts = [-1] * (token_count + 1)
    end = 0
    for token, frame in path:
        end = max(end, frame)
        if 0 <= token <= token_count and starts[token] < 0:
            starts[token] = frame
    following = starts[token_count] if starts[token_count] >= 0 else end
    for i in range(token_count, -1, -1):
        if starts[i] < 0:
            starts[i] = following
        following = starts[i] = min(starts[i], following)
    return starts


def untimed_words(
    words: Sequence[TokenSpan],
    probabilities: Sequence[float] | None,
    calibration: Calibration = MEASURED,
) -> tuple[Word, ...]:
    """Return the words without times; with the chance that each is right, where it can be told.

    Each word speaks for itself alone: half a word at the end of the audio so far says nothing
    against those before it.
    """
    if probabilities is None:
        return tuple(Word(span.text) for span in words)
    alone = [evidence([span.spoken], probabilities)[0] for span in words]
    return tuple(
        Word(span.text, confidence=calibration.confidence(each))
        for span, each in zip(words, alone, strict=True)
    )


def timed_words(
    words: Sequence[TokenSpan],
    starts: Sequence[int],
    probabilities: Sequence[float],
    duration_ms: int,
    calibration: Calibration = MEASURED,
) -> tuple[Word, ...]:
    """Give every span its times within ``[0, duration_ms]`` and the chance that it is right.

    Alignment stretches a word over the silence beside it. A pause before a word is cut off by a
    longest plausible length for so many characters, counted back from the word's end, and one
    after it likewise from its start when the word is the last.
    """
    out: list[Word] = []
    known = evidence([span.spoken for span in words], probabilities)
    floor = 0
    for i, span in enumerate(words):
        start = min(starts[span.first] * FRAME_MS, duration_ms)
        end = min(starts[min(span.last, len(starts) - 1)] * FRAME_MS, duration_ms)
        longest = min(_LONGEST_WORD_MS, 300 + _PER_CHARACTER_MS * len(span.text.strip()))
        if end - start > longest:
            if i == len(words) - 1 and i > 0:
                end = start + longest
            else:
                start = end - longest
        start = max(start, floor)
        end = max(end, start)
        floor = end
        out.append(Word(span.text, start, end, calibration.confidence(known[i])))
    return tuple(out)
