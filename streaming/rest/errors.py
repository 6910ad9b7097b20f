"""What can go wrong with an upload, and with which status OpenAI's routes say so."""

from __future__ import annotations

from starlette.responses import JSONResponse

from streaming.access import refusal_headers
from streaming.errors import (
    BadConfiguration,
    RequestError,
    ServerError,
    UnsupportedAudio,
    WirescribeError,
)
from streaming.media import MediaError
from streaming.transports.openai_realtime.failures import error_object


class StorageFull(ServerError):
    """There is no room on disk for an upload."""

    code, http_status = "storage_full", 507


class UnknownModel(RequestError):
    """A model that isn't served here."""

    code, close_code, http_status = "model_not_found", 4422, 404


class UploadStalled(RequestError):
    """An upload of which nothing more comes."""

    code, close_code, http_status, retryable = "upload_stalled", 4408, 408, True


def openai_refusal(error: WirescribeError) -> JSONResponse:
    """Return an error as an HTTP answer; what is wrong with a field or a file is 400 there."""
    wrong = isinstance(error, BadConfiguration | MediaError | UnsupportedAudio)
    status = 400 if wrong else error.http_status
    return JSONResponse({"error": error_object(error)}, status, refusal_headers(error))
