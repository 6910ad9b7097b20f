"""Where to connect: what people write, as the WebSocket address of the stream."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from streaming.client.errors import UsageError

DEFAULT_PATH = "/v1/stream"
_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


def stream_url(url: str) -> str:
    """The WebSocket address that ``url`` means.

    ``http`` and ``https`` become ``ws`` and ``wss``; without a path, the stream's is taken.
    Raises ``UsageError`` for what isn't such an address.
    """
    parts = urlsplit(url)
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise UsageError("url: expected ws://host:port, wss://, http:// or https://")
    path = parts.path if parts.path.strip("/") else DEFAULT_PATH
    return urlunsplit((scheme, parts.netloc, path, parts.query, ""))


def is_loopback(url: str) -> bool:
    """Whether the address is this machine by name or number, without asking a name server."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
