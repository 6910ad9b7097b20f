"""Finals of a recording: as one text, and kept as JSON."""

from __future__ import annotations

import pytest

from streaming.decoding import Word
from streaming.events import EndReason, Final
from streaming.rest.transcript import Transcript, pieces


def final(text: str, language: str = "en", *, number: int = 0, ms: int = 1_000) -> Final:
    words = (Word(f" {text}", 0, ms, 0.5), Word("!"))
    start = number * 1_000
    return Final(
        number, 0, start, start + ms, text, 0.9, language, 0.8, EndReason.SILENCE, words, 2
    )


def test_it_is_read_back_as_it_was() -> None:
    plain = Final(1, 0, 5, 6, "Größe", 0.9, "de", 1.0, EndReason.END)
    said = Transcript((final("a"), plain), 1_500, "it breaks off")
    assert Transcript.load(said.dump()) == said


def test_pieces_are_the_text_and_a_space_stands_between_them() -> None:
    finals = [final("One."), final(" Two."), final("")]
    assert pieces(finals) == ["One.", " Two.", ""]
    assert Transcript(tuple(finals), 0).text == "One. Two."


@pytest.mark.parametrize("language", ["zh", "ja", "th"])
def test_no_space_where_none_is_written(language: str) -> None:
    assert (
        Transcript((final("你好。", language), final("再见。", language)), 0).text == "你好。再见。"
    )


def test_its_language_is_that_of_most_of_it() -> None:
    said = (final("a", "de", ms=300), final("b", "fr", ms=500), final("c", "de", ms=300))
    assert Transcript(said, 0).language == "de"
    assert Transcript((), 0).language == ""
