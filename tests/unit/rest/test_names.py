"""Names of languages: every one that Whisper knows has its own."""

from __future__ import annotations

from faster_whisper.tokenizer import _LANGUAGE_CODES

from streaming.rest.names import LANGUAGE_NAMES, language_code, language_name


def test_every_language_of_the_model_has_a_name() -> None:
    assert set(LANGUAGE_NAMES) == set(_LANGUAGE_CODES)
    assert len(set(LANGUAGE_NAMES.values())) == len(LANGUAGE_NAMES)


def test_there_and_back() -> None:
    assert (language_name("de"), language_code("German"), language_code("de")) == (
        "german", "de", "de",
    )  # fmt: skip
    assert (language_name("xx"), language_code("xx")) == ("xx", "xx")
