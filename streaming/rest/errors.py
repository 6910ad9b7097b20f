"""What can go wrong with an upload, and OpenAI's way to say so.

The shape, the types and the statuses are those that OpenAI's own clients expect: see
https://platform.openai.com/docs/guides/error-codes.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import JSONResponse

from streaming.access import refusal
from streaming.errors import (
    BadConfiguration,
    NotAuthorised,
    QuotaExceeded,
    RequestError,
    ServerError,
    UnsupportedAudio,
    WirescribeError,
)
from streaming.media import MediaError


class StorageFull(ServerError):
    """There is no room on disk for an upload."""

    code, http_status = "storage_full", 507


class UnknownModel(RequestError):
    """A model that isn't served here."""

    code, close_code, http_status = "model_not_found", 4422, 404


class UploadStalled(RequestError):
    """An upload of which nothing more comes."""

    code, close_code, http_status, retryable = "upload_stalled", 4408, 408, True


_CODES: Final[dict[type[WirescribeError], str]] = {
    NotAuthorised: "invalid_api_key",
    QuotaExceeded: "rate_limit_exceeded",
    BadConfiguration: "invalid_value",
}


def openai_error(error: WirescribeError) -> dict[str, Any]:
    """Return the object that stands under ``error``."""
    if isinstance(error, QuotaExceeded):
        kind = "rate_limit_error"
    elif isinstance(error, ServerError) or not isinstance(error, RequestError):
        kind = "server_error"
    else:
        kind = "invalid_request_error"
    return {
        "message": error.message,
        "type": kind,
        "param": error.field,
        "code": _CODES.get(type(error), error.code),
    }


def openai_refusal(error: WirescribeError) -> JSONResponse:
    """Return an error as an HTTP answer; what is wrong with a field or a file is 400 there."""
    wrong = isinstance(error, BadConfiguration | MediaError | UnsupportedAudio)
    headers = {
        name: value
        for name, value in refusal(error).headers.items()
        if name not in ("content-length", "content-type")
    }
    return JSONResponse(
        {"error": openai_error(error)}, 400 if wrong else error.http_status, headers
    )
