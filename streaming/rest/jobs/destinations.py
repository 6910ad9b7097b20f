"""Where webhooks may go: nowhere inside the operator's network, unless the operator says so.

A client names an address and the server goes there: without bounds that would open whatever the
server can reach to whoever may hand in a job (server-side request forgery, OWASP API7:2023). What
counts is what a name stands for at the moment of sending, so the addresses that were looked at are
the ones that are connected to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from streaming.errors import BadConfiguration

_FIELD: Final = "webhook_url"
_MOST_CHARS: Final = 2_048
_PORTS: Final = {"https": 443, "http": 80}
# An IPv4 address in a network that translates: what lies behind it is looked at.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unreachable(Exception):
    """A host that no address may be had of, for now; its text names no host."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart; ``listed``: the operator has named its host."""

    tls: bool
    host: str
    port: int
    path: str
    listed: bool

    @property
    def authority(self) -> str:
        """The host as a request names it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        usual = _PORTS["https" if self.tls else "http"]
        return shown if self.port == usual else f"{shown}:{self.port}"


class Destinations:
    """What may be reached, by the operator's list of hosts; without one, what is public."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = [host.lower().rstrip(".") for host in hosts]

    def check(self, url: str, *, anonymous: bool) -> Target:
        """Return an address taken apart; BadConfiguration where it may not be gone to."""
        if len(url) > _MOST_CHARS or not url.isascii() or not url.isprintable() or " " in url:
            raise _refuse(f"is no address of at most {_MOST_CHARS} printable ASCII characters")
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise _refuse("is no address") from None
        if parts.scheme not in _PORTS or not host or "\\" in url or "%" in host:
            raise _refuse("is no address that begins with https:// and a host")
        if parts.username is not None or parts.password is not None:
            raise _refuse("has a name or password before the host; sign with webhook_secret")
        port = _PORTS[parts.scheme] if port is None else port
        if not port:
            raise _refuse("has no port that there is")
        listed = self._lists(host, port)
        if self._hosts and not listed:
            raise _refuse("has a host that the server's jobs.webhook_hosts doesn't list")
        if not listed and anonymous:
            raise _refuse("needs an API key, or a host that the server's jobs.webhook_hosts lists")
        if not listed and parts.scheme != "https":
            raise _refuse("is not https://")
        if not listed and (address := _address(host)) is not None and not public(address):
            raise _refuse(
                "is an address inside a network; the server's jobs.webhook_hosts may list it"
            )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme == "https", host, port, path, listed)

    def _lists(self, host: str, port: int) -> bool:
        names = {host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"}
        return any(
            each in names
            or (each.startswith("*.") and any(name.endswith(each[1:]) for name in names))
            for each in self._hosts
        )


async def addresses(target: Target) -> list[str]:
    """Return what a target's name stands for now, as far as it may be connected to.

    Raises Unreachable.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("its name stands for no address") from None
    texts = list(dict.fromkeys(str(each[4][0]) for each in found))
    if target.listed:
        return texts
    # One of them inside is enough to distrust the name.
    if not all((ip := _address(text)) is not None and public(ip) for text in texts):
        raise Unreachable("its name stands for an address inside a network")
    return texts


def public(address: IP) -> bool:
    """Whether an address is one of the open internet's, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _address(text: str) -> IP | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _refuse(reason: str) -> BadConfiguration:
    return BadConfiguration(f"{_FIELD}: {reason}", field=_FIELD)
