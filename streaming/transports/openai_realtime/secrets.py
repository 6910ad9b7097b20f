"""Client secrets: a short-lived token for a page, and the session that it is for, in one text.

``ek_``, the token, and behind ``~`` the session as JSON in base64url. The token alone is a
credential and is signed; what stands behind it only saves the page its first message, so every
server that takes the token can read it, and none has to remember it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from streaming.errors import BadConfiguration

SUBPROTOCOL_KEY: Final = "openai-insecure-api-key."
_PREFIX: Final = "ek_"
_BEHIND: Final = "~"
_LONGEST: Final = 4_096  # a header and a subprotocol must be able to carry it


def wrapped(token: str, session: Mapping[str, Any]) -> str:
    """Make a client secret; BadConfiguration when the session is too long for one."""
    packed = json.dumps(session, separators=(",", ":")).encode()
    behind = base64.urlsafe_b64encode(packed).rstrip(b"=").decode() if session else ""
    if len(behind) > _LONGEST:
        raise BadConfiguration(
            f"session: {len(packed)} bytes are too many for a client secret; send it in "
            "session.update",
            field="session",
        )
    return f"{_PREFIX}{token}{_BEHIND}{behind}"


def unwrapped(secret: str) -> tuple[str, Mapping[str, Any]]:
    """Return the token and the session; any other text is a key, for no session."""
    token, found, behind = secret.removeprefix(_PREFIX).partition(_BEHIND)
    if not secret.startswith(_PREFIX) or not found or len(behind) > _LONGEST:
        return secret, {}
    try:
        padded = behind + "=" * (-len(behind) % 4)
        packed = base64.b64decode(padded, altchars=b"-_", validate=True)
        session = json.loads(packed) if packed else {}
    except (ValueError, RecursionError):
        session = None
    return (token, session) if isinstance(session, dict) else (secret, {})
