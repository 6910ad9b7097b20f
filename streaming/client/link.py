"""One WebSocket to the server: how it is opened, and what its end means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from streaming.client.address import is_loopback
from streaming.client.errors import ClientError, ConnectError, ConnectionLostError, ServerError
from streaming.client.events import Failed

Token = str | Callable[[], Awaitable[str]] | None
"""A credential, or what fetches a fresh one for every connection."""

_RECEIVED_MESSAGE_BYTES = 4 * 1024 * 1024
_PING_S = 10.0  # a dead network is noticed while the server still keeps the session
_CLOSE_S = 2.0


async def open_link(url: str, token: Token, timeout_s: float) -> ClientConnection:
    """Open a WebSocket; raises ``ConnectError`` where none comes about.

    Where ``token`` is a function that fails, that is a ``ClientError`` ``token_failed``.
    """
    try:
        credential = await token() if callable(token) else token
    except Exception as cause:
        message = f"no token could be had: {cause}"
        raise ClientError(message, code="token_failed", retryable=True) from cause
    headers = {"Authorization": f"Bearer {credential}"} if credential else None
    try:
        return await open_socket(
            url,
            additional_headers=headers,
            compression=None,  # PCM doesn't shrink, and each connection would hold 64 KiB
            max_size=_RECEIVED_MESSAGE_BYTES,
            open_timeout=timeout_s,
            close_timeout=_CLOSE_S,
            ping_interval=_PING_S,
            ping_timeout=_PING_S,
            proxy=None if is_loopback(url) else True,
        )
    except InvalidStatus as refused:
        status = refused.response.status_code
        raise ConnectError(
            f"the server answered the upgrade with HTTP {status}",
            retryable=status in (408, 425, 429) or status >= 500,
            http_status=status,
            retry_after_ms=_retry_after_ms(refused.response.headers.get("Retry-After")),
        ) from refused
    except InvalidHandshake as broken:
        raise ConnectError("the server is not a WebSocket server") from broken
    except TimeoutError as slow:
        raise unanswered(timeout_s) from slow
    except (OSError, EOFError) as failed:
        detail = failed.strerror if isinstance(failed, OSError) else None
        raise ConnectError(detail or "connection failed") from failed


def unanswered(timeout_s: float) -> ConnectError:
    """The server took too long to answer."""
    return ConnectError(f"no answer within {timeout_s:g} s")


async def refusal(socket: ClientConnection, failed: Failed) -> ServerError:
    """Wait for the close that follows an ``error``: its code belongs to the exception."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await socket.wait_closed()
    except TimeoutError:
        await socket.close()
    return ServerError(
        failed.message or failed.code,
        code=failed.code,
        retryable=failed.retryable,
        retry_after_ms=failed.retry_after_ms,
        close_code=socket.close_code,
    )


def lost(closed: ConnectionClosed) -> ConnectionLostError:
    """What a close means that no message explained."""
    received = closed.rcvd
    if received is None:
        return ConnectionLostError(1006)
    return ConnectionLostError(received.code, received.reason)


def _retry_after_ms(value: str | None) -> int | None:
    return int(value) * 1000 if value is not None and value.isdecimal() else None
