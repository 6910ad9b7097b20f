"""What Deepgram says where something can't be had: in messages, close frames and HTTP answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from streaming.errors import BadMessage, IdleTimeout, NotAuthorised, WirescribeError
from streaming.media import MediaError
from streaming.transports.codec import Aside, Denial

_NAMES: Final = {"hotwords": "keyterm", "languages": "language_hint"}
_LONGEST_ECHO = 200
_BAD_REQUEST = 400


def unread(message: str, why: str) -> Aside:
    """Answer a message that can't be read, with its beginning; the stream goes on."""
    return Aside(
        {
            "type": "Error",
            "variant": "SchemaError",
            "description": f"Could not deserialize last text message: {why}",
            "message": _sendable(message[:_LONGEST_ECHO]),
        }
    )


def farewell(error: WirescribeError) -> Sequence[Mapping[str, Any]]:
    """Say why a stream ends; a silent client is told by the close frame alone."""
    if isinstance(error, IdleTimeout):
        return []
    variant = "SchemaError" if isinstance(error, BadMessage) else error.code
    told = {"type": "Error", "variant": variant, "description": renamed(error)}
    return [{**told, "code": error.code}]


def close(error: WirescribeError) -> tuple[int, str]:
    """Return a close frame's code and reason: 1008 for what no second try makes good."""
    if isinstance(error, IdleTimeout):
        return 1011, "NET-0001"
    code = error.close_code
    if code >= 4000:  # Wirescribe's own
        code = 1011 if error.retryable else 1008
    return code, "DATA-0000" if isinstance(error, BadMessage | MediaError) else error.code


def denial(error: WirescribeError, request_id: str) -> Denial:
    """Return the answer to an upgrade, or to a request, that is refused."""
    status = _BAD_REQUEST if error.http_status in (413, 415, 422) else error.http_status
    code = "INVALID_AUTH" if isinstance(error, NotAuthorised) else error.code.upper()
    told = renamed(error)
    body = {"err_code": code, "err_msg": told, "request_id": request_id}
    headers = {"dg-error": told.encode("ascii", "replace").decode(), "dg-request-id": request_id}
    return Denial(status, body, headers)


def renamed(error: WirescribeError) -> str:
    """Return an error's message, with a parameter's own name in the place of the server's."""
    field, message = error.field or "", error.message
    if not field or not message.startswith(f"{field}:"):
        return message
    root, bracket, rest = field.partition("[")
    name = root.removeprefix("audio.").split(".")[0]
    return _NAMES.get(name, name) + bracket + rest + message[len(field) :]


def _sendable(text: str) -> str:
    return text.encode(errors="replace").decode()
