"""Words to compare: a light folding for single words, Whisper's normalisers for error rates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

CHARACTER_LANGUAGES = frozenset({"zh", "ja", "yue", "th", "lo", "my"})
"""Languages written without spaces, scored by characters."""

_NOT_WORD = re.compile(r"[^\w]+|_")


def fold(word: str) -> str:
    """A word without case, accents' composition and punctuation; may be empty.

    ``"Don't,"`` → ``"dont"``. It maps one word to at most one word, so positions stay.
    """
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", word).casefold())


def folded(text: str) -> tuple[str, ...]:
    """The folded words of a text; pure punctuation is left out."""
    return tuple(word for word in map(fold, text.split()) if word)


def scoring_tokens(text: str, language: str | None) -> tuple[str, ...]:
    """What an error rate counts: normalised words, or characters for ``CHARACTER_LANGUAGES``."""
    normal = _normaliser(language == "en")(text)
    if language in CHARACTER_LANGUAGES:
        return tuple(normal.replace(" ", ""))
    return tuple(normal.split())


@cache
def _normaliser(english: bool) -> Callable[[str], str]:
    # Imported late: only error rates need the extra "eval".
    if english:
        from whisper_normalizer.english import EnglishTextNormalizer

        normaliser: Callable[[str], str] = EnglishTextNormalizer()
    else:
        from whisper_normalizer.basic import BasicTextNormalizer

        normaliser = BasicTextNormalizer()
    return normaliser
