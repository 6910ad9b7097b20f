"""Pages' origins and the names a server is asked for by: told apart, compared, looked up in lists.

An origin is what a browser says of the page behind a request (RFC 6454): scheme, host and port. A
page can't change it, other programs can: it protects people with a browser, never the server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
ANY: Final = "*"
OPAQUE: Final = "null"
"""What a browser says for a page without an origin: a file, a sandboxed frame."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page comes from; ``port`` is the scheme's own where none was said."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def read(cls, text: str) -> Origin:
        """Read a header's value, or a setting's; ValueError when it is no origin."""
        parts = urlsplit(text.strip())
        scheme, host = parts.scheme.lower(), _name(parts.hostname or "")
        if not scheme or not host or parts.path or parts.query or parts.fragment or "@" in text:
            raise ValueError(f"{text!r} is not an origin, such as https://captions.example")
        return cls(scheme, host, parts.port or _PORTS.get(scheme))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        own = self.port in (None, _PORTS.get(self.scheme))
        return f"{self.scheme}://{host}" + ("" if own else f":{self.port}")


def same_origin(origin: Origin, host: str, *, secure: bool) -> bool:
    """Whether a page comes from the server that it now asks, by the name it asks for (``Host``).

    A name without a port stands for the port of the page's own scheme, as a proxy with TLS in front
    passes it on. ``secure``: the request is known to have come by TLS, so the page must have, too.
    """
    try:
        name, port = read_host(host)
    except ValueError:
        return False
    if origin.scheme not in ("http", "https") or (secure and origin.scheme != "https"):
        return False
    return (origin.host, origin.port) == (name, port or _PORTS[origin.scheme])


def read_host(text: str) -> tuple[str, int | None]:
    """Read a ``Host`` header, or such a setting: name and port; ValueError when it is none."""
    parts = urlsplit(f"//{text.strip()}")
    name = _name(parts.hostname or "")
    if not name or parts.path or parts.query or parts.fragment or "@" in text:
        raise ValueError(f"{text!r} is not a host, such as captions.example or 127.0.0.1")
    return name, parts.port


def is_loopback(host: str) -> bool:
    """Whether a name or address is always this machine's own, whatever name servers say."""
    name = _name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


class OriginList:
    """The origins that an operator lets in beside the server's own page.

    ``https://*.example.com`` is every subdomain of it, ``*`` is any origin, ``null`` any page that
    has none. ValueError names an entry that is none of these.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._any = self._opaque = False
        self._exact: set[Origin] = set()
        self._below: set[Origin] = set()
        for entry in entries:
            if entry == ANY:
                self._any = True
            elif entry == OPAQUE:
                self._opaque = True
            elif "://*." in entry:
                self._below.add(Origin.read(entry.replace("://*.", "://", 1)))
            elif ANY in entry:
                raise ValueError(f"{entry!r}: only `*` and a leading `*.` stand for more than one")
            else:
                self._exact.add(Origin.read(entry))

    def __contains__(self, text: str) -> bool:
        if self._any:
            return True
        if text == OPAQUE:
            return self._opaque
        try:
            origin = Origin.read(text)
        except ValueError:
            return False
        if origin in self._exact:
            return True
        return any(
            (origin.scheme, origin.port) == (each.scheme, each.port)
            and origin.host.endswith("." + each.host)
            for each in self._below
        )


def _name(host: str) -> str:
    """Return a host name as it is compared: lower case, without the root's dot."""
    return host.lower().removesuffix(".")
