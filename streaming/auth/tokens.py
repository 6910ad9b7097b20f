"""Short-lived tokens: what they say, signed, so that a page need never hold a key.

A token is ``wst_``, its claims as JSON in base64url, a dot, and the HMAC-SHA256 of that text (RFC
2104), in base64url. It has one form and one algorithm, so there is no header that could ask for
another (ADR 21). Whoever holds the secret can make them; whoever holds one can read it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

PREFIX: Final = "wst_"
_LABEL: Final = b"wirescribe token 1\n"  # what is signed here is signed as nothing else
_LONGEST: Final = 2_048
_LONGEST_TEXT: Final = 256


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; times are whole seconds, ``expires_at`` since 1970."""

    key_id: str
    expires_at: int
    subject: str = ""
    origin: str | None = None
    max_session_s: int | None = None


class BadToken(ValueError):
    """No token of ours: not of the form, or not signed with our secret."""


def is_token(text: str) -> bool:
    """Whether a text wants to be a token, good or not."""
    return text.startswith(PREFIX)


def sign(claims: Claims, secret: bytes) -> str:
    """Make a token."""
    body: dict[str, Any] = {"kid": claims.key_id, "exp": claims.expires_at}
    if claims.subject:
        body["sub"] = claims.subject
    if claims.origin is not None:
        body["origin"] = claims.origin
    if claims.max_session_s is not None:
        body["max_session_s"] = claims.max_session_s
    payload = _encoded(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    return f"{PREFIX}{payload}.{_signature(payload, secret)}"


def verify(token: str, secret: bytes) -> Claims:
    """Read a token that is signed with ``secret``; :class:`BadToken` for any other text.

    Whether it has expired, and who may use it, is for the caller to look at.
    """
    payload, dot, signature = token.removeprefix(PREFIX).partition(".")
    if not is_token(token) or not dot or len(token) > _LONGEST or not token.isascii():
        raise BadToken("not a token")
    if not hmac.compare_digest(signature, _signature(payload, secret)):
        raise BadToken("not signed by this server")
    try:
        body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return _claims(body)
    except (binascii.Error, ValueError, RecursionError, KeyError, TypeError):
        raise BadToken("signed, but not a token") from None


def _claims(body: dict[str, Any]) -> Claims:
    claims = Claims(
        body["kid"],
        body["exp"],
        body.get("sub", ""),
        body.get("origin"),
        body.get("max_session_s"),
    )
    if type(claims.key_id) is not str or type(claims.expires_at) is not int:
        raise TypeError
    if type(claims.subject) is not str or not isinstance(claims.origin, str | None):
        raise TypeError
    if claims.max_session_s is not None and type(claims.max_session_s) is not int:
        raise TypeError
    return claims


def check_text(name: str, value: str) -> str:
    """Return a text that may stand in a token; ValueError when it is too long for one."""
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        raise ValueError(f"{name}: not up to {_LONGEST_TEXT} printable characters")
    return value


def _signature(payload: str, secret: bytes) -> str:
    return _encoded(hmac.digest(secret, _LABEL + payload.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
