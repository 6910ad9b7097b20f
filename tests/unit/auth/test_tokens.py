from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.auth.tokens import BadToken, Claims, check_text, is_token, sign, verify

SECRET = b"s" * 32
FULL = Claims("0123456789abcdef", 2_000_000_000, "kiosk-7", "https://app.example", 3_600)


@pytest.mark.parametrize("claims", [FULL, Claims("k", 1), Claims("k", 1, "Jürgen 😀", None, 5)])
def test_what_was_signed_is_read(claims: Claims) -> None:
    token = sign(claims, SECRET)
    assert is_token(token)
    assert verify(token, SECRET) == claims


def test_a_token_may_be_a_subprotocol() -> None:
    assert re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", sign(FULL, SECRET))


def test_the_longest_there_can_be_is_read() -> None:
    claims = Claims("0" * 16, 2**40, "😀" * 256, "https://" + "a" * 240 + ".example", 2**31)
    assert verify(sign(claims, SECRET), SECRET) == claims


def test_another_secret() -> None:
    with pytest.raises(BadToken, match="not signed"):
        verify(sign(FULL, SECRET), b"t" * 32)


@given(st.integers(0, 10_000), st.integers(1, 127))
def test_not_one_character_may_differ(at: int, change: int) -> None:
    token = sign(FULL, SECRET)
    at %= len(token)
    other = token[:at] + chr((ord(token[at]) + change) % 128) + token[at + 1 :]
    if other != token:
        with pytest.raises(BadToken):
            verify(other, SECRET)


@given(st.text(max_size=80))
def test_anything_else_is_none(text: str) -> None:
    for token in (text, "wst_" + text, "wst_a." + text):
        with pytest.raises(BadToken):
            verify(token, SECRET)


@pytest.mark.parametrize(
    "body",
    [
        [], 7, None, {}, {"kid": "a"}, {"kid": 1, "exp": 1}, {"kid": "a", "exp": "1"},
        {"kid": "a", "exp": True}, {"kid": "a", "exp": 1, "sub": 1},
        {"kid": "a", "exp": 1, "origin": 1}, {"kid": "a", "exp": 1, "max_session_s": 1.5},
    ],
)  # fmt: skip
def test_signed_nonsense(body: object) -> None:
    payload = base64.urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=")
    digest = hmac.digest(SECRET, b"wirescribe token 1\n" + payload, hashlib.sha256)
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=")
    with pytest.raises(BadToken, match="signed, but"):
        verify(f"wst_{payload.decode()}.{signature.decode()}", SECRET)


def test_a_signature_over_the_text_alone_is_none_of_ours() -> None:
    payload = sign(FULL, SECRET).removeprefix("wst_").partition(".")[0]
    plain = base64.urlsafe_b64encode(hmac.digest(SECRET, payload.encode(), hashlib.sha256))
    with pytest.raises(BadToken):
        verify(f"wst_{payload}.{plain.rstrip(b'=').decode()}", SECRET)


def test_texts_have_an_end() -> None:
    assert check_text("sub", "a" * 256) == "a" * 256
    for text in ("a" * 257, "a\nb"):
        with pytest.raises(ValueError, match="sub: not up to 256"):
            check_text("sub", text)
