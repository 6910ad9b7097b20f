"""Plain questions to the stream's server: what it says of itself at ``/health`` and elsewhere."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import ProxyHandler, build_opener

from streaming.client.address import stream_url


def get(url: str, path: str, *, timeout_s: float = 5.0) -> str | None:
    """The body of a GET at the server that ``url`` streams to; ``None`` without an answer."""
    parts = urlsplit(stream_url(url))
    scheme = "https" if parts.scheme == "wss" else "http"
    address = urlunsplit((scheme, parts.netloc, path, "", ""))
    try:
        # No proxy: the server is on this machine.
        with build_opener(ProxyHandler({})).open(address, timeout=timeout_s) as answer:
            body: bytes = answer.read()
    except (URLError, OSError):
        return None
    return body.decode(errors="replace")


def server_health(url: str) -> dict[str, Any] | None:
    """``/health`` of the stream's server; ``None`` without an answer."""
    body = get(url, "/health")
    try:
        said = None if body is None else json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
