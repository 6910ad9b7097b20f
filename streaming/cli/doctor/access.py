"""Who would come in with the settings in force, and by which certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streaming.auth.gate import Gate
from streaming.auth.keyfile import is_open_to_others
from streaming.auth.origins import is_loopback
from streaming.cli.doctor.finding import Finding, State
from streaming.doorway import open_gate
from streaming.errors import BadConfiguration
from streaming.metrics import Metrics
from streaming.opening import check_tls
from streaming.settings import Settings

_MAKE = "make a key: wirescribe keys create NAME"


def examine_access(settings: Settings, default_file: Path | None) -> Iterator[Finding]:
    """Look at keys and certificate as the server does before it listens."""
    file = settings.auth.keys_file or default_file
    try:
        gate = open_gate(settings, Metrics(), default_file)
    except BadConfiguration as error:
        yield _finding("keys", State.PROBLEM, error.message, "mend the file, or make it anew")
    else:
        yield _keys(settings, gate)
        if file is not None and file.exists() and is_open_to_others(file):
            says = f"others on this machine can read {file}"
            yield _finding("key file", State.NOTE, says, f"chmod 600 {file}")
    yield from _tls(settings)


def _keys(settings: Settings, gate: Gate) -> Finding:
    here = is_loopback(settings.server.host)
    if gate.open_to_anyone:
        state = State.OK if here else State.NOTE
        return _finding("keys", state, "everyone who reaches the server comes in without one")
    if not gate.protected:
        if here:
            return _finding("keys", State.OK, "none: the server is for this machine only")
        says = f"there are none, and {settings.server.host} is open to the network"
        return _finding("keys", State.PROBLEM, says, f"{_MAKE}; the server does not start without")
    if not gate.keys:
        return _finding("keys", State.NOTE, "none is good: nobody comes in", _MAKE)
    return _finding("keys", State.OK, f"{gate.keys} are good")


def _tls(settings: Settings) -> Iterator[Finding]:
    server = settings.server
    try:
        check_tls(server)
    except BadConfiguration as error:
        yield _finding("TLS", State.PROBLEM, error.message, "name a certificate and its key")
        return
    if server.tls_certfile is not None:
        yield _finding("TLS", State.OK, f"certificate and key of {server.tls_certfile}")
    elif not is_loopback(server.host) and not server.trusted_proxies:
        yield _finding(
            "TLS",
            State.NOTE,
            "none, and no proxy is named: keys and speech cross the network in the clear",
            "set server.tls_certfile, or a proxy with TLS in server.trusted_proxies",
        )


def _finding(name: str, state: State, says: str, advice: str | None = None) -> Finding:
    return Finding("network", name, state, says, advice)
