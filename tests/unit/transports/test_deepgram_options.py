"""Deepgram's query: what of it is a session's option, what is refused, what has no effect."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from streaming.errors import WirescribeError
from streaming.options import parse_start
from streaming.transports.deepgram_options import (
    REFUSED,
    REFUSED_WITH_ANY_VALUE,
    Listen,
    read_file_query,
    read_query,
)

RAW = "encoding=linear16&sample_rate=16000"


def read(query: str) -> Listen:
    it = read_query(parse_qsl(query, keep_blank_values=True))
    parse_start(it.options, languages=("en", "de", "fr"))  # a session can have it
    return it


def options(query: str) -> dict[str, Any]:
    return dict(read(f"{RAW}&{query}").options)


def test_the_least_that_can_be_said() -> None:
    assert read(RAW) == Listen(
        {
            "audio": {"encoding": "pcm_s16le", "sample_rate": 16_000, "channels": 1},
            "partials": False,
            "words": True,
            "language": "en",
        }
    )


@pytest.mark.parametrize(
    ("encoding", "ours"),
    [("linear16", "pcm_s16le"), ("linear32", "pcm_f32le"), ("mulaw", "mulaw"), ("alaw", "alaw")],
)
def test_encodings(encoding: str, ours: str) -> None:
    it = read(f"encoding={encoding}&sample_rate=8000&channels=2&multichannel=true")
    assert it.options["audio"] == {"encoding": ours, "sample_rate": 8_000, "channels": 2}
    assert (it.sound.multichannel, it.sound.mixed) == (True, False)


@pytest.mark.parametrize("encoding", ["linear16", "mulaw"])
def test_channels_that_are_not_told_apart_are_one(encoding: str) -> None:
    it = read(f"encoding={encoding}&sample_rate=8000&channels=2")
    assert it.options["audio"] == {"encoding": "pcm_s16le", "sample_rate": 8_000, "channels": 1}
    assert it.sound.mixed


def test_the_rate_of_the_telephone_is_known() -> None:
    assert read("encoding=mulaw").options["audio"]["sample_rate"] == 8_000


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("language=de", {"language": "de"}),
        ("language=en-US", {"language": "en-US"}),
        ("language=multi", {"language": "auto"}),
        ("language=multi&language_hint=de-AT&language_hint=en", {"languages": ["de", "en"]}),
        ("detect_language=true", {"language": "auto"}),
        ("detect_language=de&detect_language=fr", {"languages": ["de", "fr"]}),
        ("detect_language=false&language=fr", {"language": "fr"}),
        ("keyterm=Erfurt&keyterm=the%20ICE", {"hotwords": ["Erfurt", "the ICE"]}),
        ("keywords=Erfurt:2&keywords=um:-5&keywords=ICE", {"hotwords": ["Erfurt", "ICE"]}),
        ("interim_results=true", {"partials": True}),
        ("endpointing=500", {"endpointing": {"silence_ms": 500}}),
        ("endpointing=10", {"endpointing": {"silence_ms": 300}}),
        ("endpointing=60000", {"endpointing": {"silence_ms": 5_000}}),
    ],
)
def test_what_becomes_of_an_option(query: str, expected: dict[str, Any]) -> None:
    found = options(query)
    assert {name: found.get(name) for name in expected} == expected


def test_what_is_taken_without_effect() -> None:
    plain = options("")
    for name in ("numerals", "filler_words", "no_delay", "mip_opt_out", "profanity_filter"):
        assert options(f"{name}=true") == plain
    assert options("version=latest&tag=a&tag=b&model=nova-3&unheard_of=1") == plain


@pytest.mark.parametrize("value", ["true", "false"])
def test_endpointing_without_a_time(value: str) -> None:
    it = read(f"{RAW}&endpointing={value}")
    assert "endpointing" not in it.options
    assert it.endpointing is (value == "true")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (*pair,)
        for pair in (
            ("multichannel=true", "channels"),
            ("encoding=speex&sample_rate=16000", "encoding"),
            ("encoding=linear16", "sample_rate"),
            ("encoding=linear16&sample_rate=7999", "sample_rate"),
            ("encoding=linear16&sample_rate=many", "sample_rate"),
            (f"{RAW}&channels=0", "channels"),
            (f"{RAW}&channels=9", "channels"),
            (f"{RAW}&interim_results=perhaps", "interim_results"),
            (f"{RAW}&endpointing=soon", "endpointing"),
            (f"{RAW}&utterance_end_ms=1000", "utterance_end_ms"),
            (f"{RAW}&interim_results=true&utterance_end_ms=999", "utterance_end_ms"),
        )
    ],
)
def test_what_is_refused_is_named(query: str, field: str) -> None:
    with pytest.raises(WirescribeError, match=f"^{field}: ") as caught:
        read(query)
    assert caught.value.field == field


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused_unless_it_is_off(name: str) -> None:
    assert options(f"{name}=false") == options("")
    with pytest.raises(WirescribeError, match=f"^{name}: 'true' is not supported"):
        options(f"{name}=true")


@pytest.mark.parametrize("name", sorted(REFUSED_WITH_ANY_VALUE))
def test_what_is_always_refused(name: str) -> None:
    with pytest.raises(WirescribeError, match=f"^{name}: 'x' is not supported"):
        options(f"{name}=x")


def test_the_rest_is_known_to_the_codec() -> None:
    it = read(
        f"{RAW}&interim_results=true&utterance_end_ms=1000&vad_events=true&smart_format=true"
        "&extra=room:blue&language=multi"
    )
    assert (it.interim, it.utterance_end_ms, it.vad_events, it.punctuated) == (
        True, 1_000, True, True,
    )  # fmt: skip
    assert it.extra == {"room": "blue"}
    assert it.languages_told


def test_a_recording_says_itself_how_it_is_encoded() -> None:
    it = read_file_query([("smart_format", "true"), ("language", "de"), ("keyterm", "Erfurt")])
    assert it.options == {"words": True, "language": "de", "hotwords": ["Erfurt"]}
    assert it.punctuated
    for name in ("encoding", "multichannel", "utterances", "paragraphs", "diarize"):
        with pytest.raises(WirescribeError, match=f"^{name}: ") as caught:
            read_file_query([(name, "true")])
        assert caught.value.field == name
