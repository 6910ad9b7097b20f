"""What a request brings along to be let in with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlencode

from streaming.auth.proxies import Peer, TrustedProxies, read_peer

Carrier = Literal["header", "subprotocol", "query", "message"]
_SCHEMES: Final = ("bearer", "token")
_SUBPROTOCOL: Final = "token."
_PARAMETER: Final = "token"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key or a token, if there is one, and where the request comes from."""

    peer: Peer
    origin: str | None = None
    """The page's, where a browser asks; None for every other program."""
    secret: str | None = field(default=None, repr=False)
    carrier: Carrier | None = None
    """How the secret came; None without one."""

    def with_secret(self, secret: str, carrier: Carrier = "message") -> Credentials:
        """Return the same with a secret that came later, or in a dialect's own way."""
        return replace(self, secret=secret, carrier=carrier)


def read_credentials(scope: Any, trusted: TrustedProxies) -> Credentials:
    """Read the credentials of an ASGI request, whichever of the ways they came.

    The header counts before the subprotocol, that before the query. A secret in the query is taken
    out of the scope, so that nothing behind this can write it anywhere.
    """
    peer = read_peer(scope, trusted)
    origin = _header(scope, b"origin")
    in_query = _from_query(scope)
    found: tuple[tuple[str | None, Carrier], ...] = (
        (_from_header(scope), "header"),
        (_from_subprotocol(scope), "subprotocol"),
        (in_query, "query"),
    )
    for secret, carrier in found:
        if secret:
            return Credentials(peer, origin, secret, carrier)
    return Credentials(peer, origin)


def _from_header(scope: Any) -> str | None:
    scheme, _, value = (_header(scope, b"authorization") or "").partition(" ")
    return value.strip() if scheme.lower() in _SCHEMES else None


def _from_subprotocol(scope: Any) -> str | None:
    offered: list[str] = scope.get("subprotocols") or []
    return next((o.removeprefix(_SUBPROTOCOL) for o in offered if o.startswith(_SUBPROTOCOL)), None)


def _from_query(scope: Any) -> str | None:
    query = scope.get("query_string", b"").decode("latin-1")
    if _PARAMETER not in query:
        return None
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != _PARAMETER]
    if len(kept) == len(pairs):
        return None
    scope["query_string"] = urlencode(kept).encode("latin-1")
    return next((value for name, value in pairs if name == _PARAMETER), None)


def _header(scope: Any, name: bytes) -> str | None:
    values: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if values else None
