"""Words and texts as Deepgram writes them: bare, or with capitals and punctuation."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from streaming.decoding import Word

_WITHIN = frozenset("'’-.,:/@&_")  # parts of a word or number, where something stands around them


def bare(text: str) -> str:
    """Return a text in small letters, without the punctuation around and between its words."""
    return " ".join(filter(None, (_bare(word) for word in text.split())))


def transcript(text: str, *, punctuated: bool) -> str:
    """Return a text as it is, or bare."""
    return text.strip() if punctuated else bare(text)


def words(said: Sequence[Word] | None, language: str | None, *, punctuated: bool) -> list[Any]:
    """Return the words of a final; ``language`` None leaves it out."""
    out = []
    for word in said or ():
        spelt = _bare(word.text)
        if not spelt or word.start_ms is None or word.end_ms is None:
            continue
        out.append(
            {
                "word": spelt,
                "start": word.start_ms / 1000,
                "end": word.end_ms / 1000,
                "confidence": round(word.confidence or 0.0, 4),
                **({"punctuated_word": word.text.strip()} if punctuated else {}),
                **({"language": language} if language else {}),
            }
        )
    return out


def _bare(word: str) -> str:
    kept = [
        c
        for at, c in enumerate(word)
        if not unicodedata.category(c).startswith("P") or (c in _WITHIN and _inside(word, at))
    ]
    return "".join(kept).strip().lower()


def _inside(word: str, at: int) -> bool:
    return 0 < at < len(word) - 1 and word[at - 1].isalnum() and word[at + 1].isalnum()
