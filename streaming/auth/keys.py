"""API keys: how they are made, and all that is kept of one.

A key is 256 bits from the system's generator, so its plain SHA-256 can be turned round by nobody:
the slow hashes that passwords need would only make each connection dear (ADR 20). Keys that people
thought up are not taken, since for them that would not hold.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass, field
from typing import Final

PREFIX: Final = "ws_"
_ALPHABET: Final = string.ascii_letters + string.digits
_CHARACTERS: Final = 43  # of 62: 256 bits
_KEY: Final = re.compile(rf"{PREFIX}[A-Za-z0-9]{{{_CHARACTERS}}}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_ID_CHARACTERS: Final = 16


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key; times are seconds since 1970."""

    name: str
    digest: str = field(repr=False)
    """SHA-256 of the key, in hexadecimal."""

    created_at: int | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    max_sessions: int | None = None
    max_session_s: int | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is not a key's name: up to 64 letters, digits and . _ @ -"
            )
        if not _DIGEST.fullmatch(self.digest):
            raise ValueError(f"key {self.name!r}: not a SHA-256 in hexadecimal")
        for name in ("max_sessions", "max_session_s"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"key {self.name!r}: {name} {value} is not 1 or more")

    @property
    def id(self) -> str:
        """What a token names its key by; two keys of one name, one after the other, differ."""
        return self.digest[:_ID_CHARACTERS]

    def problem(self, now: float) -> str | None:
        """Why it is not good now, in one word; None when it is."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and now >= self.expires_at:
            return "expired"
        return None


def new_key() -> str:
    """Make a key."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))


def is_key(text: str) -> bool:
    """Whether a text looks like a key, good or not."""
    return _KEY.fullmatch(text) is not None


def digest_of(key: str) -> str:
    """Return all that is kept of a key: ``printf %s KEY | sha256sum`` says the same."""
    return hashlib.sha256(key.encode()).hexdigest()


def matches(key: Key, digest: str) -> bool:
    """Whether a digest is the key's, in the same time wherever they differ."""
    return hmac.compare_digest(key.digest, digest)


def read_entry(text: str) -> Key:
    """Read ``NAME:SHA256``, a key as it stands in a setting; ValueError never shows the text."""
    name, colon, digest = text.strip().rpartition(":")
    if not colon:
        raise ValueError("an entry is not NAME:SHA256, as `wirescribe keys create --print` says it")
    return Key(name, digest.lower())
