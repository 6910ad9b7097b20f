"""The one place that decides who comes in, and as whom.

==================  ===================  =======================================================
there are keys      ``allow_anonymous``  who comes in without one
==================  ===================  =======================================================
no                  no                   this machine's own programs and pages, by its own names
no, or yes          yes                  everyone who can reach the server
yes                 no                   nobody
==================  ===================  =======================================================

A page, which says its origin, must be the server's own or on the list in each of these; a secret
that is no good is never as good as none. What came in by a name that only a name server gave it
(DNS rebinding) or past a proxy nobody spoke of is not this machine's own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from streaming.auth.credentials import Credentials, read_credentials
from streaming.auth.keyring import Keyring
from streaming.auth.keys import Key
from streaming.auth.origins import Origin, OriginList, is_loopback, read_host, same_origin
from streaming.auth.proxies import TrustedProxies
from streaming.auth.tokens import BadToken, Claims, is_token, sign, verify
from streaming.errors import BadConfiguration, NotAuthorised, OriginRefused, shown
from streaming.principal import Principal
from streaming.settings.auth import AuthSettings

Reason = Literal[
    "missing", "unknown", "revoked", "expired", "bad_token", "expired_token", "token_origin",
    "query", "origin", "host", "not_local", "token_for_token", "no_keys",
]  # fmt: skip
Failed = Callable[[Reason, Credentials], None]


def _untold(reason: Reason, credentials: Credentials) -> None:
    pass


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token is asked to be; durations in seconds, None for what the settings say."""

    ttl_s: int | None = None
    max_session_s: int | None = None
    origin: str | None = None
    subject: str = ""


class Gate:
    """Tells who a client is, or raises why it may not come in; ``failed`` hears of each refusal."""

    def __init__(
        self,
        settings: AuthSettings,
        keyring: Keyring,
        trusted: TrustedProxies | None = None,
        *,
        failed: Failed = _untold,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._trusted = trusted or TrustedProxies()
        self._failed = failed
        self._now = now
        self._origins = OriginList(settings.origins)
        self._hosts = {read_host(host)[0] for host in settings.hosts}
        self._own_secret: Final = secrets.token_bytes(32)

    # -- how it stands -------------------------------------------------------------------------

    @property
    def protected(self) -> bool:
        """Whether there are keys, or are to be: it never goes back, whatever is revoked."""
        return self._settings.keys_file is not None or self._keyring.any

    @property
    def keys(self) -> int:
        """How many keys are good just now."""
        return sum(key.problem(self._now()) is None for key in self._keyring.keys)

    @property
    def open_to_anyone(self) -> bool:
        """Whether clients from elsewhere come in without a key."""
        return self._settings.allow_anonymous

    @property
    def tokens_last(self) -> bool:
        """Whether tokens outlive this process, and other servers take them."""
        return bool(self._settings.token_secret.get_secret_value() or self._keyring.token_secret)

    # -- coming in -----------------------------------------------------------------------------

    def read(self, scope: Any) -> Credentials:
        """Read what an ASGI request brings along; a secret in its query is taken out of it."""
        return read_credentials(scope, self._trusted)

    def check(self, credentials: Credentials) -> Principal:
        """Return who it is; NotAuthorised or OriginRefused when it may not come in."""
        principal = self.screen(credentials)
        if principal is None:
            self._refuse("missing", credentials, "token: no API key or token was sent")
        return principal

    def screen(self, credentials: Credentials) -> Principal | None:
        """Return who it is, or None when it must still say so: a secret may come in a message.

        Raises as :meth:`check` does, for what no message could make good.
        """
        self.check_host(credentials)
        self._check_origin(credentials)
        if self.protected and credentials.secret is not None:
            return self._principal(credentials.secret, credentials)
        if self.open_to_anyone:
            return Principal(origin=credentials.origin)
        if self.protected:
            return None
        if credentials.peer.forwarded or not is_loopback(credentials.peer.address):
            self._refuse(
                "not_local",
                credentials,
                "token: this server has no API keys yet, and serves its own machine only",
            )
        return Principal(origin=credentials.origin)

    def check_metrics(self, credentials: Credentials) -> None:
        """Let a scrape in, or raise as :meth:`check` does."""
        if self._settings.open_metrics:
            self.check_host(credentials)
        else:
            self.check(credentials)

    def check_host(self, credentials: Credentials) -> None:
        """Raise OriginRefused for a name by which the server is not to be asked."""
        if not self._hosts and (self.protected or self.open_to_anyone):
            return
        host = credentials.peer.host
        try:
            name = read_host(host)[0]
        except ValueError:
            name = ""
        if name not in self._hosts and not is_loopback(name):
            self._failed("host", credentials)
            raise OriginRefused(f"host: {shown(host)} is not a name of this server", field="host")

    def holds(self, principal: Principal) -> bool:
        """Whether the key behind a client that came in is still there, and not revoked."""
        if principal.anonymous:
            return True
        key = self._keyring.get(principal.key_id)
        return key is not None and key.revoked_at is None

    def check_still(self, principal: Principal) -> None:
        """Raise NotAuthorised when the key behind a session that goes on has been revoked."""
        if not self.holds(principal):
            raise NotAuthorised("token: the API key has been revoked", field="token")

    # -- tokens --------------------------------------------------------------------------------

    def issue(self, credentials: Credentials, request: TokenRequest) -> tuple[str, int]:
        """Make a token for who holds a key: the token, and when it expires, seconds since 1970.

        Raises NotAuthorised without a key, BadConfiguration for what can't be asked.
        """
        self.check_host(credentials)
        self._check_origin(credentials)
        if not self.protected:
            self._refuse("no_keys", credentials, "token: this server has no API keys")
        if credentials.secret is None:
            self._refuse("missing", credentials, "token: no API key was sent")
        if is_token(credentials.secret):
            self._refuse("token_for_token", credentials, "token: a token can't make another")
        if credentials.carrier == "query":
            self._refuse("query", credentials, "token: is not taken from an address")
        key = self._key(credentials.secret, credentials)
        ttl_s = self._settings.token_ttl_s if request.ttl_s is None else request.ttl_s
        if not 1 <= ttl_s <= self._settings.max_token_ttl_s:
            raise BadConfiguration(
                f"ttl_s: {ttl_s} is not between 1 and {self._settings.max_token_ttl_s}",
                field="ttl_s",
            )
        origin = None if request.origin is None else self._read_origin(request.origin)
        expires_at = int(self._now()) + ttl_s
        if key.expires_at is not None:
            expires_at = min(expires_at, key.expires_at)
        claims = Claims(key.id, expires_at, request.subject, origin, request.max_session_s)
        return sign(claims, self._secret), expires_at

    @property
    def _secret(self) -> bytes:
        given = self._settings.token_secret.get_secret_value().encode()
        return given or self._keyring.token_secret or self._own_secret

    def _read_origin(self, text: str) -> str:
        try:
            return str(Origin.read(text))
        except ValueError:
            raise BadConfiguration(
                f"origin: {shown(text)} is not an origin, such as https://captions.example",
                field="origin",
            ) from None

    # -- one after the other -------------------------------------------------------------------

    def _check_origin(self, credentials: Credentials) -> None:
        text = credentials.origin
        if text is None or text in self._origins:
            return
        peer = credentials.peer
        try:
            own = same_origin(Origin.read(text), peer.host, secure=peer.secure)
        except ValueError:
            own = False
        if not own:
            self._failed("origin", credentials)
            raise OriginRefused(
                f"origin: {shown(text)} is not allowed by this server", field="origin"
            )

    def _principal(self, secret: str, credentials: Credentials) -> Principal:
        in_address = self._settings.query_tokens and is_token(secret)
        if credentials.carrier == "query" and not in_address:
            self._refuse("query", credentials, "token: is not taken from an address")
        if not is_token(secret):
            return _as(self._key(secret, credentials), credentials.origin)
        try:
            claims = verify(secret, self._secret)
        except BadToken:
            self._refuse("bad_token", credentials, "token: is not one of this server's")
        key = self._good(self._keyring.get(claims.key_id), credentials)
        if self._now() >= claims.expires_at:
            self._refuse("expired_token", credentials, "token: has expired; ask for a new one")
        if claims.origin is not None and not _same(claims.origin, credentials.origin):
            self._refuse("token_origin", credentials, "token: was made for another page")
        return _as(key, credentials.origin, claims)

    def _key(self, secret: str, credentials: Credentials) -> Key:
        return self._good(self._keyring.find(secret), credentials)

    def _good(self, key: Key | None, credentials: Credentials) -> Key:
        if key is None:
            self._refuse("unknown", credentials, "token: the API key is not known here")
        match key.problem(self._now()):
            case "revoked":
                self._refuse("revoked", credentials, "token: the API key has been revoked")
            case "expired":
                self._refuse("expired", credentials, "token: the API key has expired")
        return key

    def _refuse(self, reason: Reason, credentials: Credentials, message: str) -> NoReturn:
        self._failed(reason, credentials)
        raise NotAuthorised(message, field="token")


def _same(one: str, other: str | None) -> bool:
    try:
        return other is not None and Origin.read(one) == Origin.read(other)
    except ValueError:
        return False


def _as(key: Key, origin: str | None, claims: Claims | None = None) -> Principal:
    limits_s = [key.max_session_s, claims.max_session_s if claims else None]
    known_ms = [limit * 1000 for limit in limits_s if limit is not None]
    return Principal(
        key=key.name,
        key_id=key.id,
        subject=claims.subject if claims else "",
        origin=origin,
        max_session_ms=min(known_ms, default=None),
        max_sessions=key.max_sessions,
    )
