"""OpenAI's form of an error, the same over the socket and over HTTP.

The types and codes are those that OpenAI's own clients know: see
https://platform.openai.com/docs/guides/error-codes. A key that is no good is a fault of the request
there, and only its code tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streaming.errors import (
    BadConfiguration,
    BadMessage,
    NotAuthorised,
    QuotaExceeded,
    RequestError,
    UnsupportedAudio,
    WirescribeError,
)

_CODES: Final[Mapping[type[WirescribeError], str]] = {
    BadMessage: "invalid_value",
    BadConfiguration: "invalid_value",
    UnsupportedAudio: "invalid_value",
    NotAuthorised: "invalid_api_key",
    QuotaExceeded: "rate_limit_exceeded",
}


def error_object(error: WirescribeError, code: str | None = None) -> dict[str, Any]:
    """Return the object that stands under ``error``; ``code`` where a more precise one is known."""
    return {
        "type": _kind(error),
        "code": code or _CODES.get(type(error), error.code),
        "message": error.message,
        "param": error.field,
    }


def error_fields(
    error: WirescribeError, event_id: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Return the same for an event; ``event_id`` names the client's event that it answers."""
    return {**error_object(error, code), "event_id": event_id}


def _kind(error: WirescribeError) -> str:
    match error:
        case QuotaExceeded():
            return "rate_limit_error"
        case RequestError():
            return "invalid_request_error"
    return "server_error"
