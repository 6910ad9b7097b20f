"""Windows as long as the speech, tokens as many as can be said; with a model: test_whisper.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Kind, LanguageChoice, Prefix
from streaming.engine.windows import bucket, max_length, token_cap, window_samples


def request(seconds: float, kind: Kind = Kind.FINAL, *, again: bool = False) -> DecodeRequest:
    return DecodeRequest(
        kind, 0, 0, 0, np.zeros(int(16_000 * seconds), np.float32), LanguageChoice(), again=again
    )


@pytest.mark.parametrize(
    ("it", "seconds"),
    [
        (request(1.0), 3.0),
        (request(1.2), 3.5),
        (request(1.0, Kind.PARTIAL), 2.0),
        (request(29.0), 30.0),
        (request(1.0, again=True), 15.0),
        (request(11.0, again=True), 15.0),
        (request(11.1, again=True), 30.0),
    ],
)
def test_the_window(it: DecodeRequest, seconds: float) -> None:
    assert window_samples(it) == 16_000 * seconds


def test_a_row_of_a_bucket_is_at_most_a_quarter_padding() -> None:
    lengths: dict[int, list[int]] = {}
    for tenths in range(1, 300):
        it = request(tenths / 10)
        lengths.setdefault(bucket(it), []).append(window_samples(it))
    assert len(lengths) > 5
    assert all(min(each) >= 0.74 * max(each) for each in lengths.values())


@pytest.mark.parametrize(
    ("language", "cap"), [("en", 72), ("ja", 112), ("th", 112), ("hi", 224), ("ka", 224)]
)
def test_scripts_that_take_several_tokens_a_letter_may_have_more(language: str, cap: int) -> None:
    assert token_cap(request(10.0), language) == cap


def test_with_a_prefix_there_is_no_more_room_than_at_first() -> None:
    again = request(6.0, again=True)
    known = replace(again, prefix=Prefix(" so this is the", 4_000))
    assert (window_samples(again), window_samples(known)) == (15 * 16_000, 8 * 16_000)


def test_a_prefix_takes_none_of_what_may_be_said_behind_it() -> None:
    known = replace(request(10.0), prefix=Prefix(" so this is the", 4_000))
    assert token_cap(known, "en") == token_cap(request(6.0), "en")


def test_nobody_may_have_more_than_half_the_context() -> None:
    assert token_cap(request(60.0), "en") == 224


@pytest.mark.parametrize("prompt", [4, 20, 132, 228])
@pytest.mark.parametrize("tokens", [5, 60, 224])
def test_ctranslate2_generates_so_many(tokens: int, prompt: int) -> None:
    length = max_length(tokens, prompt)
    generated = min(length // 2, length - prompt + 1)
    assert generated == tokens or length == 448
