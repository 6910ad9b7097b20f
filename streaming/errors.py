"""What can go wrong, as a tree; every leaf knows how the wire and HTTP say it.

::

    WirescribeError                code             close  http  retryable
    ├── RequestError               (the client's)
    │   ├── BadMessage             bad_message      4400   400   no
    │   ├── NotAuthorised          not_authorised   4401   401   no
    │   ├── OriginRefused          origin_refused   4403   403   no
    │   ├── IdleTimeout            idle_timeout     4408   408   yes
    │   ├── TakenOver              taken_over       4409   409   no
    │   ├── UnsupportedAudio       unsupported_audio 4415  415   no
    │   ├── MediaError             bad_media        4415   415   no   (streaming.media)
    │   ├── BadConfiguration       bad_configuration 4422  422   no
    │   ├── UnknownSession         unknown_session  4422   404   no
    │   ├── QuotaExceeded          quota_exceeded   4429   429   yes
    │   ├── SessionTooLong         session_too_long 4440   413   yes
    │   ├── ClientTooSlow          client_too_slow  4460   408   yes
    │   └── MessageTooBig          message_too_big  1009   413   no
    └── ServerError                (ours)
        ├── InternalError          internal         1011   500   yes
        ├── Restarting             restarting       1012   503   yes
        ├── Overloaded             overloaded       1013   503   yes
        ├── ModelUnavailable       model_unavailable 1011  503   no
        └── EngineFault            engine_fault     1011   500   yes

The message of every one of these may be shown to the client: it names the field and the value at
fault and never holds audio, recognised text, credentials or a path of the server. What must stay
inside goes to the log, through the exception's ``__cause__``.

Close codes: RFC 6455 section 7.4 and the IANA registry for 1xxx; 4xxx are Wirescribe's own and
follow the HTTP status they resemble.
"""

from __future__ import annotations

from typing import ClassVar

_SHOWN_VALUE_CHARS = 60


def shown(value: object) -> str:
    """Return ``repr(value)`` cut to a length that is safe to put into an error message."""
    text = repr(value)
    return text if len(text) <= _SHOWN_VALUE_CHARS else text[: _SHOWN_VALUE_CHARS - 1] + "…"


class WirescribeError(Exception):
    """The root: a message that is safe to show, and what the wire needs to know."""

    code: ClassVar[str] = "internal"
    close_code: ClassVar[int] = 1011
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = True

    def __init__(
        self, message: str, *, field: str | None = None, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_ms = retry_after_ms


class RequestError(WirescribeError):
    """The client asked for something that can't be done as asked."""

    retryable = False


class BadMessage(RequestError):
    """A frame that isn't a message of the protocol: wrong JSON, unknown type, wrong place."""

    code, close_code, http_status = "bad_message", 4400, 400


class NotAuthorised(RequestError):
    """No credentials, or credentials that are not good (any more)."""

    code, close_code, http_status = "not_authorised", 4401, 401


class OriginRefused(RequestError):
    """A browser page of an origin that the operator has not allowed."""

    code, close_code, http_status = "origin_refused", 4403, 403


class TakenOver(RequestError):
    """Another socket has resumed the session; this one has nothing more to do with it."""

    code, close_code, http_status = "taken_over", 4409, 409


class IdleTimeout(RequestError):
    """Neither audio nor a keepalive arrived for the longest idle time."""

    code, close_code, http_status, retryable = "idle_timeout", 4408, 408, True


class UnsupportedAudio(RequestError):
    """An encoding, sample rate or channel layout that the server does not take."""

    code, close_code, http_status = "unsupported_audio", 4415, 415


class BadConfiguration(RequestError):
    """An option with a value that it can't have."""

    code, close_code, http_status = "bad_configuration", 4422, 422


class UnknownSession(RequestError):
    """A session to resume that is not (or no longer) parked here."""

    code, close_code, http_status = "unknown_session", 4422, 404


class QuotaExceeded(RequestError):
    """More audio, bytes or sessions than this client may send."""

    code, close_code, http_status, retryable = "quota_exceeded", 4429, 429, True


class SessionTooLong(RequestError):
    """The longest session has been reached; what was said so far has been sent."""

    code, close_code, http_status, retryable = "session_too_long", 4440, 413, True


class ClientTooSlow(RequestError):
    """The client does not read what it is sent."""

    code, close_code, http_status, retryable = "client_too_slow", 4460, 408, True


class MessageTooBig(RequestError):
    """One message beyond the largest message size."""

    code, close_code, http_status = "message_too_big", 1009, 413


class ServerError(WirescribeError):
    """The server can't do what it should; the client did nothing wrong."""


class InternalError(ServerError):
    """A defect; the log has the details."""


class Restarting(ServerError):
    """The server is going down in an orderly way; reconnect now."""

    code, close_code, http_status = "restarting", 1012, 503


class Overloaded(ServerError):
    """No room for this session, or no time to decode what it sends."""

    code, close_code, http_status = "overloaded", 1013, 503


class ModelUnavailable(ServerError):
    """The speech model is unknown, damaged or can't be fetched; the message says what to do."""

    code, http_status, retryable = "model_unavailable", 503, False


class EngineFault(ServerError):
    """The engine failed on this session's audio, again after retries."""

    code = "engine_fault"
