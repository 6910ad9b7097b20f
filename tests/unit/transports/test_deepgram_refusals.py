"""Refusals in Deepgram's words, with its own names of parameters."""

from __future__ import annotations

import pytest

from streaming.errors import (
    BadConfiguration,
    IdleTimeout,
    Overloaded,
    QuotaExceeded,
    UnsupportedAudio,
    WirescribeError,
)
from streaming.transports.deepgram_refusals import denial, farewell, renamed, unread


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("audio.sample_rate", "sample_rate"),
        ("hotwords[3]", "keyterm[3]"),
        ("languages[0]", "language_hint[0]"),
        ("endpointing.silence_ms", "endpointing"),
        ("language", "language"),
    ],
)
def test_parameters_have_their_own_names(field: str, name: str) -> None:
    assert renamed(BadConfiguration(f"{field}: is odd", field=field)) == f"{name}: is odd"


def test_what_names_no_parameter_stays() -> None:
    assert renamed(QuotaExceeded("too fast")) == "too fast"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadConfiguration("a: b"), 400, "BAD_CONFIGURATION"),
        (UnsupportedAudio("a: b"), 400, "UNSUPPORTED_AUDIO"),
        (QuotaExceeded("a"), 429, "QUOTA_EXCEEDED"),
        (Overloaded("a"), 503, "OVERLOADED"),
    ],
)
def test_statuses(error: WirescribeError, status: int, code: str) -> None:
    found = denial(error, "id")
    assert (found.status, found.body["err_code"]) == (status, code)


def test_a_header_holds_ascii() -> None:
    found = denial(BadConfiguration("language: 'ß…' is no language", field="language"), "id")
    assert found.headers["dg-error"] == "language: '??' is no language"


def test_the_silent_are_told_nothing() -> None:
    assert farewell(IdleTimeout("nothing came")) == []


def test_what_came_is_said_back_in_part_and_can_be_sent() -> None:
    told = unread("\ud800" + "x" * 5_000, "is not JSON").what
    assert told["message"].encode() == b"?" + b"x" * 199
