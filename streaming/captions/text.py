"""Where text may be broken, in any script, and how wide it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

_SENTENCE_ENDS: Final = frozenset(".!?…。！？｡؟।")
_CLAUSE_ENDS: Final = frozenset(",;:–—、，；：､،؛")
_CLOSERS: Final = frozenset("\"'”’»›)]}）］｝」』】〉》")
_OPENERS: Final = frozenset("([{（［｛「『【〈《“‘«‹¿¡")
_NOT_FIRST: Final = (
    _SENTENCE_ENDS
    | _CLAUSE_ENDS
    | _CLOSERS
    | frozenset("ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%％")
)
# Thai, Lao, Tibetan, Myanmar and Khmer, too, are written without spaces between words.
_SPACELESS_BLOCKS: Final = ((0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF))


def text_width(text: str) -> int:
    """Return how many columns a text takes: wide characters two, combining ones none."""
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clean(text: str) -> str:
    """Return a text with one space between words and none around, fit to be written in UTF-8."""
    return " ".join("".join(map(_plain, text)).split())


def _plain(char: str) -> str:
    match unicodedata.category(char):
        case "Cc":
            return " "
        case "Cs":
            return "\N{REPLACEMENT CHARACTER}"
        case _:
            return char


def clusters(word: str) -> Iterator[str]:
    """A word cut between characters of scripts that are written without spaces."""
    begin = 0
    for at, (before, after) in enumerate(pairwise(word), start=1):
        if _cuttable(before, after):
            yield word[begin:at]
            begin = at
    yield word[begin:]


def breakable(before: str, after: str, *, spaced: bool) -> bool:
    """Return whether a line may end between two pieces of text, ``spaced`` if a space is between.

    By the rules of each script as far as they matter to captions: not before closing punctuation
    (French puts a space before "?", which still may not begin a line), not after opening
    punctuation, and without a space only in scripts that are written without.
    """
    if spaced:
        return not all(char in _NOT_FIRST for char in after)
    return _cuttable(before[-1], after[0])


def _cuttable(before: str, after: str) -> bool:
    """Whether a line may end between two neighbouring characters with no space between them."""
    if not (_spaceless(before) or _spaceless(after)) or unicodedata.category(after)[0] == "M":
        return False
    return after not in _NOT_FIRST and before not in _OPENERS and _char_width(after) > 0


def _spaceless(char: str) -> bool:
    code = ord(char)
    if 0xAC00 <= code <= 0xD7A3:  # Korean is wide, and has spaces
        return False
    return unicodedata.east_asian_width(char) in "WF" or any(
        low <= code <= high for low, high in _SPACELESS_BLOCKS
    )


def ends_sentence(text: str) -> bool:
    """Return whether a text ends in a full stop or its like, quotes and brackets aside."""
    return _last(text) in _SENTENCE_ENDS


def ends_clause(text: str) -> bool:
    """Return whether a text ends in a comma or its like, quotes and brackets aside."""
    return _last(text) in _CLAUSE_ENDS


def _last(text: str) -> str:
    return (text.rstrip("".join(_CLOSERS)) or text)[-1]
