"""What can go wrong for a client.

::

    ClientError                    everything below; code, retryable, close_code
    ├── UsageError                 the caller's mistake: an option, a send after end()
    ├── MessageError               the server sent something that isn't this protocol
    ├── CaptureError               the microphone can't be used
    ├── RecordingError             the file can't be read as sound
    ├── ConnectError               no connection, or the handshake was refused
    ├── ServerError                the server said ``error`` and closed
    └── ConnectionLostError        the connection ended before the session did
"""

from __future__ import annotations

from copy import copy
from typing import Any

RETRYABLE_CLOSE_CODES = frozenset({1001, 1005, 1006, 1011, 1012, 1013})
"""Close codes after which the same request may succeed; 4xxx never do by themselves."""


class ClientError(Exception):
    """The base of all: a stable ``code``, whether to try again, how the socket closed."""

    def __init__(
        self, message: str, *, code: str, retryable: bool, close_code: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.close_code = close_code

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is copied and pickled: its classes are made with different arguments."""
        return _remade, (type(self), self.args, dict(self.__dict__))


def _remade(
    kind: type[ClientError], args: tuple[object, ...], fields: dict[str, object]
) -> ClientError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


def again(error: ClientError) -> ClientError:
    """The same error to be raised once more, without the traceback of the time before."""
    copied = copy(error)
    copied.__cause__ = error.__cause__
    return copied


class UsageError(ClientError):
    """The caller asked for something that can't be; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="usage", retryable=False)


class MessageError(ClientError):
    """A message from the server that isn't this protocol."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="bad_server_message", retryable=False)


class CaptureError(ClientError):
    """The microphone can't be used; ``code`` is ``no_library`` or ``device_unavailable``."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, code=code, retryable=False)


class RecordingError(ClientError):
    """The file can't be read as sound; ``code`` is ``unreadable`` or ``no_library``."""

    def __init__(self, message: str, *, code: str = "unreadable") -> None:
        super().__init__(message, code=code, retryable=False)


class ConnectError(ClientError):
    """No connection came about; ``http_status`` where the server answered the upgrade with one."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = True,
        http_status: int | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, code="connect_failed", retryable=retryable)
        self.http_status = http_status
        self.retry_after_ms = retry_after_ms


class ServerError(ClientError):
    """An ``error`` event; ``code`` and the message are the server's own."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        retryable: bool,
        retry_after_ms: int | None = None,
        close_code: int | None = None,
    ) -> None:
        super().__init__(message, code=code, retryable=retryable, close_code=close_code)
        self.retry_after_ms = retry_after_ms


class ConnectionLostError(ClientError):
    """The socket closed without ``ended`` and without an ``error``."""

    def __init__(self, close_code: int, reason: str = "") -> None:
        detail = f" ({reason})" if reason else ""
        super().__init__(
            f"connection closed with {close_code}{detail} before the session ended",
            code="connection_lost",
            retryable=close_code in RETRYABLE_CLOSE_CODES,
            close_code=close_code,
        )


def retry_after_ms(error: ClientError) -> int:
    """How long a server asked to be left alone; 0 where it didn't."""
    asked = error.retry_after_ms if isinstance(error, ConnectError | ServerError) else None
    return max(0, asked or 0)


def moves_on(error: ClientError) -> bool:
    """Whether the server asks for another session, or another server, at once."""
    asks = error.code in ("unknown_session", "session_too_long", "restarting")
    return asks or error.close_code == 1012
