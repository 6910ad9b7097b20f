"""What is looked at before the port is opened: who would come in, and by which certificate."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Final

from streaming.auth.origins import is_loopback
from streaming.errors import BadConfiguration
from streaming.logs import get_logger
from streaming.service import Service
from streaming.settings import ServerSettings

_log = get_logger(__name__)

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, those with forward secrecy and authenticated encryption (RFC 9325)."""


def check_who_comes_in(service: Service) -> None:
    """Say who the server lets in; BadConfiguration where nobody asked for what that would mean."""
    settings, gate = service.settings, service.gate
    host = settings.server.host
    if gate.protected:
        if not gate.tokens_last:
            _log.warning("tokens_end_with_the_process", advice="set auth.token_secret")
    elif not gate.open_to_anyone and not is_loopback(host):
        raise BadConfiguration(
            f"server.host: {host!r} opens the server to the network, and there is no API key yet; "
            "make one with `wirescribe keys create NAME`, or let everyone in with "
            "auth.allow_anonymous = true",
            field="server.host",
        )
    others = "nobody" if gate.protected else "this machine"
    without = "everyone" if gate.open_to_anyone else others
    _log.info("who_comes_in", keys=gate.keys, without_a_key=without)


class Certificate:
    """The server's certificate, taken anew when its files have been replaced."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._chain = settings.tls_certfile
        self._key = settings.tls_keyfile or settings.tls_certfile
        self._seen = self._stamp()

    def renew(self, context: ssl.SSLContext) -> None:
        """Have new connections see what the files hold now; damaged ones change nothing."""
        stamp = self._stamp()
        if self._chain is None or stamp == self._seen:
            return
        self._seen = stamp  # what is no good is not tried again before it changes
        try:
            check_tls(self._settings)
        except BadConfiguration as error:
            _log.error("certificate_kept", problem=error.message)
            return
        context.load_cert_chain(self._chain, self._key, password=lambda: "")
        _log.info("certificate_renewed")

    def _stamp(self) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        for path in (self._chain, self._key):
            with suppress(OSError):
                if path is not None:
                    stat = path.stat()
                    found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return found


def check_tls(settings: ServerSettings) -> None:
    """Raise BadConfiguration, which says why, where certificate and key are not good together."""
    if settings.tls_certfile is None:
        return
    key = settings.tls_keyfile or settings.tls_certfile
    for name, path in (("tls_certfile", settings.tls_certfile), ("tls_keyfile", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            reason = f"server.{name}: {str(path)!r} can't be read: {error.strerror}"
            raise BadConfiguration(reason, field=f"server.{name}") from None
    try:
        # The password is asked for on the terminal otherwise, and a server may have none.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            settings.tls_certfile, key, password=lambda: ""
        )
    except (ssl.SSLError, ValueError) as error:
        raise BadConfiguration(
            f"server.tls_certfile: {str(settings.tls_certfile)!r} is no certificate chain, or "
            f"{str(key)!r} not its key, without a password: {error}",
            field="server.tls_certfile",
        ) from None
