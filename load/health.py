"""Plain questions to the stream's server: what it says of itself at ``/health`` and elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import ProxyHandler, build_opener

from streaming.client.address import stream_url


def get(url: str, path: str, *, timeout_s: float = 5.0) -> str | None:
    """The body of a GET at the server that ``url`` streams to; ``None`` without a good answer."""
    status, body = ask(url, path, timeout_s=timeout_s)
    return body if status == 200 else None


def ask(url: str, path: str, *, timeout_s: float = 5.0) -> tuple[int, str]:
    """Status and body of a GET; 0 where nobody answers."""
    parts = urlsplit(stream_url(url))
    scheme = "https" if parts.scheme == "wss" else "http"
    address = urlunsplit((scheme, parts.netloc, path, "", ""))
    try:
        # No proxy: the server is on this machine.
        with build_opener(ProxyHandler({})).open(address, timeout=timeout_s) as answer:
            return int(answer.status), answer.read().decode(errors="replace")
    except HTTPError as error:
        with error:
            return error.code, ""
    except (URLError, OSError, HTTPException):
        return 0, ""


def wait_ready(
    url: str,
    *,
    timeout_s: float = 120.0,
    pause: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> bool:
    """Waits until ``/readyz`` stops saying 503 (loading, full); false when it never does.

    A server that doesn't answer at all, or knows no such route, is not waited for.
    """
    give_up = now() + timeout_s
    while ask(url, "/readyz")[0] == 503:
        if now() > give_up:
            return False
        pause(0.5)
    return True


def server_health(url: str) -> dict[str, Any] | None:
    """``/health`` of the stream's server; ``None`` without an answer."""
    body = get(url, "/health")
    try:
        said = None if body is None else json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
