"""One recording's transcript in every form."""

from __future__ import annotations

import json

from streaming.cli.formats import Format
from streaming.cli.transcript import Transcript
from streaming.decoding import Word
from streaming.events import EndReason, Final


def final(text: str, start_ms: int, *, language: str = "en", channel: int = 0) -> Final:
    words = (Word(f" {text}", start_ms, start_ms + 800, 0.9),)
    return Final(
        0,
        channel,
        start_ms,
        start_ms + 1_000,
        text,
        0.9,
        language,
        0.8,
        EndReason.SILENCE,
        words,
        1,
    )


def test_each_form_has_its_suffix_and_needs() -> None:
    assert [form.suffix for form in Format] == [".txt", ".json", ".srt", ".vtt"]
    assert [form for form in Format if form.needs_words] == [Format.SRT, Format.VTT]


def test_every_form_is_in_the_order_of_what_was_said() -> None:
    transcript = Transcript("a.wav", {0: "ann", 1: "bob"}, 5_000)
    transcript.finals = [final("later", 2_000), final("first", 0, channel=1)]

    assert transcript.written(Format.TEXT) == "bob: first\nann: later\n"
    assert transcript.written(Format.SRT).startswith(
        "1\n00:00:00,000 --> 00:00:01,000\nbob: first\n"
    )
    assert "<v bob>first" in transcript.written(Format.VTT)
    document = json.loads(transcript.written(Format.JSON))
    assert [segment["text"] for segment in document["segments"]] == ["first", "later"]
    assert document["text"] == "first later"
    assert transcript.words == 2


def test_json_is_one_line_unless_it_is_spread() -> None:
    transcript = Transcript("ä.wav", finals=[final("grüß", 0)])
    assert transcript.written(Format.JSON).count("\n") == 1
    assert "grüß" in transcript.written(Format.JSON)
    assert transcript.written(Format.JSON, indent=2).count("\n") > 5


def test_the_language_is_that_of_most_of_it() -> None:
    transcript = Transcript("a.wav")
    assert transcript.language is None
    transcript.finals = [final("a", 0, language="de"), final("b", 1, language="fr")]
    transcript.finals.append(final("c", 2, language="fr"))
    assert transcript.language == "fr"


def test_where_nothing_was_said_every_form_is_well_formed() -> None:
    transcript = Transcript("a.wav", duration_ms=9)
    assert transcript.written(Format.TEXT) == ""
    assert transcript.written(Format.SRT) == ""
    assert transcript.written(Format.VTT) == "WEBVTT\n"
    assert json.loads(transcript.written(Format.JSON)) == {
        "file": "a.wav",
        "duration_ms": 9,
        "language": None,
        "complete": True,
        "text": "",
        "segments": [],
    }
