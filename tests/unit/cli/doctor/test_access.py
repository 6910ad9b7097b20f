from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streaming.auth.keyfile import change_key_file
from streaming.auth.keys import Key
from streaming.cli.doctor.access import examine_access
from streaming.cli.doctor.finding import Finding, State
from streaming.settings import Settings

TLS = Path(__file__).parents[3] / "support" / "tls"
KEYS: dict[str, Any] = {"keys": ("app:" + "1" * 64,)}


def examined(
    host: str, file: Path | None = None, server: Any = None, **auth: Any
) -> dict[str, Finding]:
    tree = {"server": {"host": host, **(server or {})}, "auth": auth}
    found = list(examine_access(Settings.model_validate(tree), file))
    return {each.name: each for each in found}


@pytest.mark.parametrize(
    ("host", "auth", "state", "said"),
    [
        ("127.0.0.1", {}, State.OK, "for this machine only"),
        ("127.0.0.1", KEYS, State.OK, "1 are good"),
        ("127.0.0.1", {"allow_anonymous": True}, State.OK, "everyone who reaches"),
        ("0.0.0.0", {"allow_anonymous": True}, State.NOTE, "everyone who reaches"),
        ("0.0.0.0", {}, State.PROBLEM, "open to the network"),
        ("0.0.0.0", {"keys_file": Path("/nowhere/keys.json")}, State.NOTE, "nobody comes in"),
    ],
)
def test_who_would_come_in(host: str, auth: Any, state: State, said: str) -> None:
    found = examined(host, **auth)["keys"]
    assert (found.topic, found.state) == ("network", state)
    assert said in found.says


def test_the_file_of_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    change_key_file(path, lambda it: it.with_key(Key("a", "1" * 64)))
    assert examined("0.0.0.0", path)["keys"].says == "1 are good"
    path.chmod(0o644)
    assert examined("0.0.0.0", path)["key file"].advice == f"chmod 600 {path}"
    path.write_text("{")
    found = examined("0.0.0.0", path)["keys"]
    assert (found.state, "is not JSON" in found.says) == (State.PROBLEM, True)


def test_a_certificate() -> None:
    files = {"tls_certfile": TLS / "cert.pem", "tls_keyfile": TLS / "key.pem"}
    assert examined("0.0.0.0", server=files, **KEYS)["TLS"].state is State.OK
    wrong = {**files, "tls_keyfile": TLS / "other-key.pem"}
    assert examined("127.0.0.1", server=wrong)["TLS"].state is State.PROBLEM
    assert "in the clear" in examined("0.0.0.0", **KEYS)["TLS"].says
    behind = {"trusted_proxies": ("10.0.0.1",)}
    assert "TLS" not in examined("0.0.0.0", server=behind, **KEYS)
    assert "TLS" not in examined("127.0.0.1")
