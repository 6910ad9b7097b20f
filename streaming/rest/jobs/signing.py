"""How webhooks are signed: https://www.standardwebhooks.com, which OpenAI follows as well.

So their libraries can check ours: ``client.webhooks.verify_signature`` of OpenAI's, or any of
Standard Webhooks'.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from streaming.settings.jobs import MARK, key_of


def new_secret() -> str:
    """Return a fresh one."""
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, message_id: str, body: bytes, now: float) -> dict[str, str]:
    """Return what goes with a body, so that its receiver knows who sent it, and when."""
    timestamp = str(int(now))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.digest(key_of(secret), signed, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
