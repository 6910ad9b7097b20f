"""Deepgram's spelling: bare words, and what stands around them where it is asked for."""

from __future__ import annotations

import pytest

from streaming.decoding import Word
from streaming.transports.deepgram_text import bare, transcript, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The train leaves.", "the train leaves"),
        ("It's 3.5 - or 4,000?", "it's 3.5 or 4,000"),
        ("“Well-known” – yes…", "well-known yes"),
        ("你好，世界。", "你好世界"),
        ("¿Qué tal?", "qué tal"),
        ("", ""),
    ],
)
def test_bare(text: str, expected: str) -> None:
    assert bare(text) == expected
    assert transcript(f" {text} ", punctuated=True) == text


def test_words_without_times_or_letters_are_left_out() -> None:
    said = (Word(" Yes,", 10, 20, 0.75), Word(" –", 20, 30, 0.5), Word(" no", None, None, 0.5))
    assert words(said, "en", punctuated=True) == [
        {
            "word": "yes",
            "start": 0.01,
            "end": 0.02,
            "confidence": 0.75,
            "punctuated_word": "Yes,",
            "language": "en",
        }
    ]
    assert words(None, None, punctuated=False) == []
