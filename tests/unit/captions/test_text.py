"""Widths and break rules of scripts."""

from __future__ import annotations

import pytest

from streaming.captions.text import (
    breakable,
    clean,
    clusters,
    ends_clause,
    ends_sentence,
    text_width,
)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("日本", 4),
        ("é", 1),
        ("e\u0301", 1),
        ("ｱ", 1),
        ("ありがとう", 10),
        ("", 0),
        ("한", 2),
    ],
)
def test_width(text: str, width: int) -> None:
    assert text_width(text) == width


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("  a \t b\n", "a b"),
        ("a\x00b", "a b"),
        ("a\u2028b\x85c", "a b c"),
        ("\ud800", "\ufffd"),
        ("\x00", ""),
    ],
)
def test_clean(dirty: str, tidy: str) -> None:
    assert clean(dirty) == tidy


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("hello", ["hello"]),
        ("日本語", ["日", "本", "語"]),
        ("「映画」を。", ["「映", "画」", "を。"]),
        ("iPhone手机", ["iPhone", "手", "机"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("한국어", ["한국어"]),
    ],
)
def test_clusters(word: str, parts: list[str]) -> None:
    assert list(clusters(word)) == parts


def test_breakable() -> None:
    assert breakable("good", "day", spaced=True)
    assert not breakable("It", "'s", spaced=False)
    assert not breakable("demain", "?", spaced=True)
    assert breakable("今日", "天気", spaced=False)
    assert not breakable("天気", "。", spaced=False)
    assert not breakable("「", "映", spaced=False)


def test_ends() -> None:
    assert ends_sentence("so.") and ends_sentence('so."') and ends_sentence("です。」")
    assert not ends_sentence("so,") and ends_clause("so,") and ends_clause("では、")
    assert not ends_clause("so") and not ends_sentence('"')
