"""Which language it is: probabilities weighed, and how often they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Hypothesis, Kind, LanguageChoice
from streaming.language import HeardLanguages, SegmentLanguage, believed, choose_language

HEARD = [("de", 0.5), ("nl", 0.3), ("en", 0.15), ("yue", 0.05)]
SECOND = 16_000


@pytest.mark.parametrize(
    ("choice", "language", "confidence"),
    [
        (LanguageChoice(), "de", 0.5),
        (LanguageChoice(fixed="fr"), "fr", 1.0),
        (LanguageChoice(fixed="fr", confidence=0.7), "fr", 0.7),
        (LanguageChoice(allowed=("en", "nl")), "nl", 2.4 / 4.15),
        (LanguageChoice(current="ko"), "de", 0.5),
        (LanguageChoice(allowed=("ko",)), "ko", 0.0),
        (LanguageChoice(allowed=("ko", "ja"), current="ja"), "ja", 0.0),
        (LanguageChoice(allowed=("en", "yue")), "en", 1.2 / 2.4),
        (LanguageChoice(current="nl"), "nl", 4.8 / 5.5),
        (LanguageChoice(current="yue", before=("en",)), "en", 1.2 / 2.8),
    ],
)
def test_a_language_is_chosen(choice: LanguageChoice, language: str, confidence: float) -> None:
    chosen, probability = choose_language(choice, HEARD, 5 * SECOND)
    assert chosen == language
    assert probability == pytest.approx(confidence)


def test_what_was_heard_before_counts_more_where_there_is_little_to_go_by() -> None:
    between = [("fr", 0.95), ("en", 0.03), ("de", 0.02)]
    choice = LanguageChoice(current="en")
    assert choose_language(choice, between, 4 * SECOND)[0] == "fr"
    assert choose_language(choice, between, SECOND)[0] == "en"
    for earlier in (
        LanguageChoice(current="en", before=("fr",)),
        LanguageChoice(current="en", allowed=("en", "fr")),
    ):
        assert choose_language(earlier, between, SECOND)[0] == "fr"


def test_nothing_heard_before_stands_against_a_clear_word() -> None:
    clear = [("fr", 0.99), ("en", 0.001)]
    assert choose_language(LanguageChoice(current="en"), clear, SECOND)[0] == "fr"


def test_languages_heard_are_kept_the_last_one_first_without_guesses() -> None:
    heard = HeardLanguages()
    assert list(heard.codes) == []
    for code, confidence in [("de", 0.9), ("en", 0.9), ("nn", 0.3), ("de", 0.8), ("de", 0.9)]:
        heard.hear(code, confidence)
    assert list(heard.codes) == ["de", "en"]
    for code in ("fr", "es", "pt", "it"):
        heard.hear(code, 1.0)
    assert list(heard.codes) == ["it", "pt", "es", "fr"]
    assert (believed(0.3), believed(0.9)) == (False, True)


def ask(
    it: SegmentLanguage, seconds: float, heard: tuple[str, ...] = (), *, lasting: bool = False
) -> LanguageChoice:
    return it.choice(int(seconds * SECOND), heard, lasting=lasting)


def answer(
    it: SegmentLanguage, seconds: float, language: str, confidence: float, fixed: str | None = None
) -> None:
    audio = np.zeros(int(seconds * SECOND), np.float32)
    request = DecodeRequest(Kind.PARTIAL, 0, 0, 0, audio, LanguageChoice(fixed=fixed))
    it.heard(request, Hypothesis("", (), language, confidence))


def test_a_named_language_is_never_asked_for() -> None:
    it = SegmentLanguage("de", ())
    assert it.sure
    assert ask(it, 20.0, ("en",)) == LanguageChoice(fixed="de")


def test_while_in_doubt_it_is_asked_for_whenever_there_is_more_audio() -> None:
    it = SegmentLanguage(None, ("de", "en"))
    assert ask(it, 1.0, ("en", "fr")) == LanguageChoice(current="en", allowed=("de", "en"))
    answer(it, 1.0, "de", 0.4)
    assert not it.sure
    assert ask(it, 1.0) == LanguageChoice(fixed="de", confidence=0.4)
    assert ask(it, 1.4).fixed is None


def test_once_sure_it_is_asked_for_again_only_with_much_more_audio() -> None:
    it = SegmentLanguage(None, ())
    answer(it, 1.5, "de", 0.95)
    assert it.sure
    assert ask(it, 3.0, ("en",)) == LanguageChoice(fixed="de", confidence=0.95)
    assert ask(it, 6.0, ("en", "fr")) == LanguageChoice(current="en", before=("fr",))


def test_where_several_languages_are_spoken_little_audio_must_be_clearer() -> None:
    one = SegmentLanguage(None, ())
    ask(one, 1.0, ("en",))
    answer(one, 1.0, "de", 0.95)
    assert one.sure
    for it, heard in (
        (SegmentLanguage(None, ("de", "en")), ()),
        (SegmentLanguage(None, ()), ("en", "de")),
    ):
        ask(it, 1.0, heard)
        answer(it, 1.0, "de", 0.95)
        assert not it.sure
        assert ask(it, 1.5, heard).fixed is None
        answer(it, 2.5, "de", 0.95)
        assert it.sure


def test_what_lasts_is_asked_for_again_unless_there_was_enough_audio_before() -> None:
    it = SegmentLanguage(None, ())
    answer(it, 1.5, "de", 0.95)
    assert ask(it, 3.5, lasting=True).fixed is None
    answer(it, 3.5, "de", 0.97)
    assert ask(it, 3.5, lasting=True) == LanguageChoice(fixed="de", confidence=0.97)
    assert ask(it, 10.0, lasting=True) == LanguageChoice(fixed="de", confidence=0.97)
    assert ask(it, 11.0, lasting=True).fixed is None


def test_only_a_detection_on_more_audio_counts() -> None:
    it = SegmentLanguage(None, ())
    answer(it, 2.0, "de", 0.9)
    answer(it, 1.0, "nl", 0.9)
    answer(it, 4.0, "en", 1.0, fixed="en")
    assert ask(it, 2.0) == LanguageChoice(fixed="de", confidence=0.9)


def test_much_audio_is_shown_in_whatever_language_it_seems() -> None:
    it = SegmentLanguage(None, ())
    answer(it, 4.0, "nn", 0.3)
    assert it.sure
    assert ask(it, 4.4).fixed is None
