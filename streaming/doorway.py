"""The gate as a running server has it: with its keys, and what it decides in log and metrics."""

from __future__ import annotations

from pathlib import Path

from streaming.auth.credentials import Credentials
from streaming.auth.gate import Gate, Reason
from streaming.auth.keyfile import KeyFileDamaged, is_open_to_others
from streaming.auth.keyring import Keyring
from streaming.auth.keys import read_entry
from streaming.auth.proxies import TrustedProxies
from streaming.logs import get_logger
from streaming.metrics import Metrics
from streaming.settings import Settings

_log = get_logger(__name__)


def open_gate(settings: Settings, metrics: Metrics, keys_file: Path | None = None) -> Gate:
    """Make the gate of a server; ``keys_file`` is where keys are unless a setting says.

    Raises :class:`~streaming.auth.keyfile.KeyFileDamaged` for a file that is no good, and
    BadConfiguration for keys that can't stand side by side.
    """

    def failed(reason: Reason, credentials: Credentials) -> None:
        metrics.auth_failed(reason)
        _log.info("not_let_in", reason=reason, address=credentials.peer.address)

    def told(outcome: str, problem: KeyFileDamaged | None) -> None:
        metrics.keys_loaded(outcome)
        if problem is None:
            _log.info("keys_file", outcome=outcome)
        else:
            _log.error("keys_file", outcome=outcome, problem=problem.message, kept="the last good")

    auth, server = settings.auth, settings.server
    file = auth.keys_file or keys_file
    if file is not None and file.exists() and is_open_to_others(file):
        _log.warning("keys_file_open_to_others", file=str(file), advice=f"chmod 600 {file}")
    fixed = [read_entry(entry.get_secret_value()) for entry in auth.keys]
    return Gate(
        auth,
        Keyring(fixed, file, told),
        TrustedProxies(server.trusted_proxies, server.forwarded_header),
        failed=failed,
    )
