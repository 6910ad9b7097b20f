"""What reverse proxies say of the clients behind them, and which of them are believed.

Anybody can write ``X-Forwarded-For``; only what a trusted proxy added to it says anything. The list
is read from its end, past the trusted addresses: the first other one is the client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final, Literal

Header = Literal["x-forwarded-for", "forwarded"]
_MARKS: Final = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via", b"x-forwarded-host")
_PAIR: Final = re.compile(
    r"""([!#$%&'*+.^_`|~0-9A-Za-z-]++)=("(?:[^"\\]|\\.)*+"|[^\s",;]*+)[ \t]*+(?=[,;]|$)"""
)
_MOST_HOPS: Final = 32  # what is written further left is nobody's we know

_Address = IPv4Address | IPv6Address


class TrustedProxies:
    """Addresses and networks whose word is taken, and the header that they write."""

    def __init__(self, entries: Iterable[str] = (), header: Header = "x-forwarded-for") -> None:
        self._networks = [ip_network(entry, strict=False) for entry in entries]
        self.header = header

    def __contains__(self, address: str) -> bool:
        found = _read(address)
        return found is not None and any(
            found.version == network.version and found in network for network in self._networks
        )


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as far as it can be known."""

    address: str
    """The client's address, without a port; "" where the socket has none."""

    secure: bool
    """Whether it is known to speak TLS, with us or with a trusted proxy."""

    host: str
    """The name that it asked for."""

    forwarded: bool
    """Whether the request says that it came through a proxy that is not trusted."""


def client_address(scope: Any, trusted: TrustedProxies) -> str:
    """Return the address of the client behind an ASGI request, without a port."""
    return read_peer(scope, trusted).address


def read_peer(scope: Any, trusted: TrustedProxies) -> Peer:
    """Read from an ASGI scope who asks, believing trusted proxies only."""
    client = scope.get("client")
    address = _plain(client[0]) if client else ""
    secure = scope.get("scheme") in ("https", "wss")
    host = _last(scope, b"host")
    if address not in trusted:
        marked = any(name in _MARKS for name, _ in scope["headers"])
        return Peer(address, secure, host, marked)
    hops = _hops(scope, trusted.header)[-_MOST_HOPS:]
    protocol, asked = "", ""
    for hop in reversed(hops):
        protocol, asked = hop.protocol or protocol, hop.host or asked
        if (found := _read(hop.address)) is None:
            break  # hidden, or no address: the proxy that wrote it is as far as we see
        address = str(found)
        if address not in trusted:
            break
    if trusted.header == "x-forwarded-for":
        # X-Forwarded-Host is not read: many proxies pass on what a client wrote there.
        protocol = _last(scope, b"x-forwarded-proto").split(",")[0].strip()
    return Peer(address, secure or protocol.lower() in ("https", "wss"), asked or host, False)


@dataclass(frozen=True, slots=True)
class _Hop:
    address: str
    protocol: str = ""
    host: str = ""


def _hops(scope: Any, header: Header) -> Sequence[_Hop]:
    wanted = header.encode()
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    joined = ",".join(values)
    if header == "forwarded":
        return _forwarded(joined)
    return [_Hop(part.strip()) for part in joined.split(",") if part.strip()]


def _forwarded(text: str) -> Sequence[_Hop]:
    """Read ``Forwarded`` (RFC 7239); nothing at all of what isn't well formed.

    A client may have opened a quote, so that what the proxy added seems to be inside of it.
    """
    hops: list[_Hop] = []
    pairs: dict[str, str] = {}
    at = 0
    while at < len(text):
        if found := _PAIR.match(text, at):
            pairs[found[1].lower()] = _unquoted(found[2])
            at = found.end()
        if at == len(text):
            break
        if text[at] not in ",; \t":
            return ()
        if text[at] == "," and pairs:
            hops.append(_hop(pairs))
            pairs = {}
        at += 1
    return [*hops, _hop(pairs)] if pairs else hops


def _hop(pairs: Mapping[str, str]) -> _Hop:
    return _Hop(pairs.get("for", ""), pairs.get("proto", ""), pairs.get("host", ""))


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _read(text: str) -> _Address | None:
    """Read an address with or without a port and brackets; None for anything else."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ip_address(plain)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _plain(text: str) -> str:
    """Return an address in its one spelling; what is none (a test's, a socket file's) as it is."""
    found = _read(text)
    return text if found is None else str(found)


def _last(scope: Any, header: bytes) -> str:
    values = [value for name, value in scope["headers"] if name == header]
    return values[-1].decode("latin-1") if values else ""


def network_of(address: str) -> str:
    """Return what stands for one client in counting: of IPv6 the /64, which one line is given."""
    found = _read(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return address if found is None else str(found)
