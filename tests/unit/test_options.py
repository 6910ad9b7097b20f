"""What a client may ask for: what is taken, what is refused, and by which name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from streaming.audio.formats import AudioFormat, Encoding
from streaming.decoding import Task
from streaming.endpointing import PRESETS, Endpointing, Preset
from streaming.errors import BadConfiguration, UnsupportedAudio
from streaming.options import SessionConfig, parse_configure, parse_start

LANGUAGES = ("en", "de", "pt", "zh")


def start(**options: object) -> SessionConfig:
    return parse_start(options, languages=LANGUAGES)


def configure(current: SessionConfig, **options: object) -> SessionConfig:
    return parse_configure(options, current, languages=LANGUAGES)


def test_nothing_asked_for_gives_the_documented_defaults() -> None:
    config = start()
    assert config == SessionConfig()
    assert (config.language, config.task, config.partials, config.words) == (
        None, Task.TRANSCRIBE, True, True,
    )  # fmt: skip
    assert config.audio == AudioFormat(Encoding.PCM_S16LE, 16_000, 1)
    assert config.endpointing == Endpointing(700, 20_000)


def test_everything_asked_for_is_taken() -> None:
    config = start(
        audio={"encoding": "mulaw", "sample_rate": 8_000, "channels": 2},
        language="de",
        task="translate",
        partials=False,
        words=False,
        prompt="Im Zug.",
        hotwords=["Erfurt", "ICE"],
        endpointing={"silence_ms": 400, "max_segment_ms": 9_000},
        something_of_next_year=1,
    )
    assert config == SessionConfig(
        audio=AudioFormat(Encoding.MULAW, 8_000, 2),
        language="de",
        task=Task.TRANSLATE,
        partials=False,
        words=False,
        prompt="Im Zug.",
        hotwords=("Erfurt", "ICE"),
        endpointing=Endpointing(400, 9_000),
    )


def test_the_operators_defaults_stand_where_nothing_is_asked_for() -> None:
    defaults = SessionConfig(language="pt", endpointing=Endpointing(900, 15_000))
    config = parse_start(
        {"endpointing": {"silence_ms": 300}}, languages=LANGUAGES, defaults=defaults
    )
    assert config.language == "pt"
    assert config.endpointing == Endpointing(300, 15_000)


@pytest.mark.parametrize("preset", list(Preset))
def test_a_preset_stands_for_all_its_values(preset: Preset) -> None:
    base = SessionConfig(endpointing=Endpointing(900, 15_000, 800))
    asked = {"endpointing": {"preset": preset.value}}
    config = parse_start(asked, languages=LANGUAGES, defaults=base)
    assert config.endpointing == PRESETS[preset]
    assert parse_configure(asked, base, languages=LANGUAGES).endpointing == PRESETS[preset]


def test_what_is_asked_for_by_itself_wins_over_the_preset() -> None:
    config = start(endpointing={"preset": "telephony", "silence_ms": "450"})
    telephony = PRESETS[Preset.TELEPHONY]
    assert config.endpointing == dataclasses.replace(telephony, silence_ms=450)
    changed = configure(config, endpointing={"sentence_silence_ms": 350})
    assert changed.endpointing == dataclasses.replace(
        telephony, silence_ms=450, sentence_silence_ms=350
    )
    assert configure(changed, endpointing={"preset": None}).endpointing == changed.endpointing


@pytest.mark.parametrize(
    "asked, language",
    [("auto", None), (None, None), ("en-GB", "en"), ("pt_BR", "pt"), (" DE ", "de")],
)
def test_locales_are_languages(asked: object, language: str | None) -> None:
    assert start(language=asked).language == language


@pytest.mark.parametrize("asked", [["de-AT", "EN"], ("de", "en"), "de,en"])
def test_the_languages_to_detect_come_as_a_list_or_as_a_query_writes_it(asked: object) -> None:
    config = start(languages=asked)
    assert (config.language, config.languages) == (None, ("de", "en"))
    assert start(languages=asked, language="auto") == config


def test_one_language_to_choose_from_is_the_language() -> None:
    assert start(languages=["de"]) == start(language="de")


def test_who_sends_a_language_or_a_list_of_them_says_both() -> None:
    among = start(languages=["de", "en"])
    assert configure(among, prompt="x").languages == ("de", "en")
    assert configure(among, languages=None).languages == ("de", "en")
    assert configure(among, language="pt") == start(language="pt")
    assert configure(among, language="auto") == start()
    assert configure(start(language="pt"), languages=["de", "en"]) == among


def test_a_list_of_languages_beside_a_language_is_refused() -> None:
    with pytest.raises(BadConfiguration) as refusal:
        start(language="de", languages=["de", "en"])
    assert refusal.value.field == "languages"
    assert "'de', 'en'" in refusal.value.message
    assert "language is 'de'" in refusal.value.message


@pytest.mark.parametrize("flag", ["partials", "words"])
@pytest.mark.parametrize(
    "value, meant", [(True, True), (False, False), ("true", True), ("0", False), (None, True)]
)
def test_flags_come_as_truth_values_or_as_a_query_writes_them(
    flag: str, value: object, meant: bool
) -> None:
    assert getattr(start(**{flag: value}), flag) is meant


def test_query_texts_are_numbers_and_lists() -> None:
    config = start(endpointing={"silence_ms": "350"}, hotwords="Ada, Grace,,")
    assert config.endpointing.silence_ms == 350
    assert config.hotwords == ("Ada", "Grace")


@pytest.mark.parametrize(
    "options, field",
    [
        ({"language": "klingon"}, "language"),
        ({"language": 7}, "language"),
        ({"language": ""}, "language"),
        ({"languages": []}, "languages"),
        ({"languages": ["de", "en"], "language": "klingon"}, "language"),
        ({"languages": 7}, "languages"),
        ({"languages": {"de": 1}}, "languages"),
        ({"languages": ""}, "languages[0]"),
        ({"languages": "de,,en"}, "languages[1]"),
        ({"languages": ["de", "auto"]}, "languages[1]"),
        ({"languages": ["de", None]}, "languages[1]"),
        ({"languages": ["de", "frr"]}, "languages[1]"),
        ({"languages": ["de", "en", "de-CH"]}, "languages[2]"),
        ({"task": "summarise"}, "task"),
        ({"task": ["transcribe"]}, "task"),
        ({"partials": "maybe"}, "partials"),
        ({"words": 1}, "words"),
        ({"prompt": ["a"]}, "prompt"),
        ({"prompt": "a" * 2_001}, "prompt"),
        ({"prompt": "half a pair: \ud83d"}, "prompt"),
        ({"hotwords": 3}, "hotwords"),
        ({"hotwords": {"a": 1}}, "hotwords"),
        ({"hotwords": ["fine", 5]}, "hotwords[1]"),
        ({"hotwords": ["a" * 65]}, "hotwords[0]"),
        ({"hotwords": ["a"] * 101}, "hotwords"),
        ({"hotwords": ["\udc00"]}, "hotwords[0]"),
        ({"endpointing": 700}, "endpointing"),
        ({"endpointing": {"silence_ms": 99}}, "endpointing.silence_ms"),
        ({"endpointing": {"silence_ms": 5_001}}, "endpointing.silence_ms"),
        ({"endpointing": {"silence_ms": 300.5}}, "endpointing.silence_ms"),
        ({"endpointing": {"silence_ms": True}}, "endpointing.silence_ms"),
        ({"endpointing": {"silence_ms": "²"}}, "endpointing.silence_ms"),
        ({"endpointing": {"silence_ms": "--300"}}, "endpointing.silence_ms"),
        ({"endpointing": {"silence_ms": "9" * 5_000}}, "endpointing.silence_ms"),
        ({"endpointing": {"max_segment_ms": 1_999}}, "endpointing.max_segment_ms"),
        ({"endpointing": {"sentence_silence_ms": 99}}, "endpointing.sentence_silence_ms"),
        ({"endpointing": {"sentence_silence_ms": "off"}}, "endpointing.sentence_silence_ms"),
        ({"endpointing": {"preset": "telephone"}}, "endpointing.preset"),
        ({"endpointing": {"preset": 1}}, "endpointing.preset"),
        ({"endpointing": {"preset": ["captions"]}}, "endpointing.preset"),
        ({"endpointing": {"max_segment_ms": float("nan")}}, "endpointing.max_segment_ms"),
        ({"audio": "pcm"}, "audio"),
    ],
)
def test_a_refusal_names_field_and_value(options: dict[str, Any], field: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        start(**options)
    assert caught.value.field == field
    assert caught.value.message.startswith(field)
    assert len(caught.value.message) < 250
    caught.value.message.encode()  # can be sent


def test_audio_that_can_not_be_taken_has_an_error_of_its_own() -> None:
    with pytest.raises(UnsupportedAudio) as caught:
        start(audio={"sample_rate": 0})
    assert caught.value.field == "audio.sample_rate"


def test_a_misspelt_language_is_told_what_is_near() -> None:
    with pytest.raises(BadConfiguration, match=r"near it: .*de"):
        start(language="der")


def test_a_model_of_one_language_says_which() -> None:
    with pytest.raises(BadConfiguration, match="only knows 'en'"):
        parse_start({"language": "de"}, languages=("en",))
    assert parse_start({"language": "en-US"}, languages=("en",)).language == "en"


def test_configure_changes_what_it_names_and_keeps_the_rest() -> None:
    current = start(language="en", prompt="before", hotwords=["Ada"])
    changed = configure(current, language="auto", endpointing={"silence_ms": 300})
    assert changed.language is None
    assert (changed.prompt, changed.hotwords) == ("before", ("Ada",))
    assert changed.endpointing == Endpointing(300, 20_000)
    assert configure(current) == current
    assert configure(current, prompt="", hotwords=[]).hotwords == ()


@pytest.mark.parametrize("name", ["audio", "task", "partials", "words"])
def test_configure_refuses_what_is_fixed_for_a_session(name: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        configure(SessionConfig(), **{name: True})
    assert caught.value.field == name
