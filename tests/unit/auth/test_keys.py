from __future__ import annotations

import hashlib

import pytest

from streaming.auth.keys import Key, digest_of, is_key, matches, new_key, read_entry

DIGEST = "0123456789abcdef" * 4


def test_a_new_key_is_one_and_no_two_are_alike() -> None:
    made = {new_key() for _ in range(200)}
    assert len(made) == 200
    assert all(is_key(key) for key in made)


def test_a_key_goes_where_headers_and_subprotocols_go() -> None:
    key = new_key()
    assert key.removeprefix("ws_").isalnum()
    assert key.isascii()


@pytest.mark.parametrize("text", ["", "ws_", "ws_short", "wst_" + "a" * 43, "ws_" + "ä" * 43])
def test_what_was_not_made_here_is_no_key(text: str) -> None:
    assert not is_key(text)


def test_what_is_kept_is_what_sha256sum_says() -> None:
    key = new_key()
    assert digest_of(key) == hashlib.sha256(key.encode()).hexdigest()


def test_a_digest_matches_as_a_whole() -> None:
    key = Key("one", DIGEST)
    assert matches(key, DIGEST)
    assert not matches(key, DIGEST[:-1] + "0")


def test_a_key_does_not_show_its_digest() -> None:
    assert DIGEST not in repr(Key("one", DIGEST))


@pytest.mark.parametrize(
    ("key", "now", "problem"),
    [
        (Key("one", DIGEST), 1e9, None),
        (Key("one", DIGEST, expires_at=100), 99.9, None),
        (Key("one", DIGEST, expires_at=100), 100.0, "expired"),
        (Key("one", DIGEST, revoked_at=50), 0.0, "revoked"),
        (Key("one", DIGEST, expires_at=100, revoked_at=50), 200.0, "revoked"),
    ],
)
def test_it_is_good_until(key: Key, now: float, problem: str | None) -> None:
    assert key.problem(now) == problem


@pytest.mark.parametrize("name", ["", "-x", "with space", "a/b", "ä", "a" * 65, "a:b", "a\n"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(ValueError, match="is not a key's name"):
        Key(name, DIGEST)


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "0" * 65, DIGEST.upper()])
def test_a_digest_is_a_sha256(digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Key("one", digest)


@pytest.mark.parametrize("field", ["max_sessions", "max_session_s"])
def test_a_cap_lets_something_through(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} 0"):
        Key("one", DIGEST, **{field: 0})


def test_an_entry_of_a_setting() -> None:
    assert read_entry(f" one:{DIGEST.upper()} ") == Key("one", DIGEST)


@pytest.mark.parametrize("text", [DIGEST, f"one {DIGEST}", f"one:{DIGEST[:-1]}", f":{DIGEST}"])
def test_no_entry_and_it_is_not_shown(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_entry(text)
    assert DIGEST[:20] not in str(caught.value)
