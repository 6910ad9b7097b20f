"""What a segment shows while it is spoken."""

from __future__ import annotations

import dataclasses

import numpy as np

from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.events import Partial
from streaming.partials import Partials
from streaming.window import Window, WindowConfig
from tests.support.heard import said

MS = 16


class Shown:
    """A segment's partials, and the window that they move."""

    def __init__(self, start_ms: int = 1_000) -> None:
        self.window = Window(start_ms * MS, WindowConfig())
        self.partials = Partials(4, 1, start_ms * MS, self.window)

    def take(self, start_ms: int, ms: int, *texts: str, cut_off: bool = False) -> Partial | None:
        return self.partials.take(request(start_ms, ms, cut_off=cut_off), said(*texts))


def request(start_ms: int, ms: int, *, cut_off: bool = False) -> DecodeRequest:
    audio = np.zeros(ms * MS, np.float32)
    language = LanguageChoice("en")
    return DecodeRequest(Kind.PARTIAL, 1, 4, start_ms * MS, audio, language, cut_off=cut_off)


def texts(partial: Partial | None) -> tuple[str, str] | None:
    return (partial.committed, partial.tentative) if partial is not None else None


def test_they_are_numbered_and_told_only_when_something_changed() -> None:
    it = Shown()
    first = it.take(1_000, 900, "the", "quick")
    assert first is not None
    assert (first.segment, first.channel, first.revision) == (4, 1, 1)
    assert (first.start_ms, first.end_ms, first.language) == (1_000, 1_900, "en")
    second = it.take(1_000, 1_200, "the", "quick")
    assert second is not None
    assert (second.revision, second.committed, second.tentative) == (2, "the quick", "")
    assert it.take(1_000, 1_300, "the", "quick") is None


def test_words_are_in_the_time_of_the_stream() -> None:
    partial = Shown().take(1_000, 900, "the", "quick")
    assert partial is not None
    assert [(word.start_ms, word.end_ms) for word in partial.words] == [
        (1_000, 1_300),
        (1_300, 1_600),
    ]


def test_a_doubted_end_is_shown_only_when_nobody_speaks_on() -> None:
    it = Shown()
    sure = zip(said("a", "thick", "peop").words, (0.9, 0.7, 0.69), strict=True)
    words = tuple(dataclasses.replace(word, confidence=each) for word, each in sure)
    heard = dataclasses.replace(said("a", "thick", "peop"), words=words)
    first = it.partials.take(request(1_000, 900, cut_off=True), heard)
    assert texts(first) == ("", "a thick")
    second = it.partials.take(request(1_000, 900), heard)
    assert texts(second) == ("a thick", " peop")


def test_what_is_doubtful_is_not_shown() -> None:
    it = Shown()
    for doubtful in (
        said("thanks", average_logprob=-1.6),
        said("thanks", average_logprob=-0.7, no_speech=0.8),
        said(),
    ):
        assert it.partials.take(request(1_000, 900), doubtful) is None
    first = it.take(1_000, 900, "the")
    assert first is not None
    assert first.revision == 1


def test_a_long_window_moves_up_and_nothing_committed_is_lost() -> None:
    it = Shown(0)
    words = [f"w{n}" for n in range(24)]
    it.take(0, 6_900, *words[:23])
    assert texts(it.take(0, 7_200, *words)) == (" ".join(words[:23]), " w23")
    start_ms = it.window.start // MS
    assert 0 < start_ms <= 6_000
    later = it.take(start_ms, 7_500 - start_ms, *words[start_ms // 300 :], "w24")
    assert "".join(texts(later) or ()) == " ".join([*words, "w24"])


def test_behind_a_sentence_what_follows_is_heard_alone() -> None:
    it = Shown()
    sentence = it.partials.take(request(1_000, 1_000), said("All", "done."), sentence=True)
    assert texts(sentence) == ("All done.", "")
    assert it.window.start == 1_940 * MS
    assert texts(it.take(1_940, 700, "And", "on")) == ("All done.", " And on")


def test_a_whole_sentence_ends_the_text_as_it_was_heard_then() -> None:
    it = Shown()
    it.take(1_000, 900, "Oh", "wall")
    assert texts(it.partials.take_whole(request(1_000, 1_000), said("Oh", "well."))) == (
        "Oh well.",
        "",
    )
    assert it.window.start == 1_940 * MS
