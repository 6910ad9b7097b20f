"""What is looked at before the port is opened."""

from __future__ import annotations

import hashlib
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import structlog

from streaming.auth.keyfile import change_key_file
from streaming.auth.keys import Key
from streaming.engine.fake import FakeEngine
from streaming.errors import BadConfiguration
from streaming.opening import Certificate, check_tls, check_who_comes_in
from streaming.service import Service
from streaming.settings import ServerSettings, Settings

TLS = Path(__file__).parents[1] / "support" / "tls"
KEYS: dict[str, Any] = {"keys": ("app:" + "1" * 64,)}


def looked_at(host: str, keys_file: Path | None = None, **auth: Any) -> list[Any]:
    settings = Settings.model_validate({"server": {"host": host}, "auth": auth})
    service = Service(settings, lambda: [FakeEngine()], keys_file=keys_file)
    with structlog.testing.capture_logs() as lines:
        check_who_comes_in(service)
    return [*lines]


@pytest.mark.parametrize(
    ("host", "auth", "keys", "without"),
    [
        ("127.0.0.1", {}, 0, "this machine"),
        ("::1", {}, 0, "this machine"),
        ("localhost", {}, 0, "this machine"),
        ("0.0.0.0", {"allow_anonymous": True}, 0, "everyone"),
        ("0.0.0.0", {**KEYS, "token_secret": "s" * 32}, 1, "nobody"),
        ("::", {**KEYS, "token_secret": "s" * 32, "allow_anonymous": True}, 1, "everyone"),
    ],
)
def test_who_comes_in_is_said(host: str, auth: Any, keys: int, without: str) -> None:
    (line,) = looked_at(host, **auth)
    assert line["event"] == "who_comes_in"
    assert (line["keys"], line["without_a_key"]) == (keys, without)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "captions.example"])
def test_no_server_without_keys_is_seen_by_a_network(host: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration) as caught:
        looked_at(host, tmp_path / "none.json")
    assert caught.value.field == "server.host"
    for said in (repr(host), "wirescribe keys create", "auth.allow_anonymous = true"):
        assert said in caught.value.message


def test_a_network_sees_one_whose_file_has_keys_or_will_have(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert looked_at("0.0.0.0", keys_file=path, allow_anonymous=True)
    change_key_file(path, lambda it: it.with_key(Key("app", "1" * 64)))
    assert looked_at("0.0.0.0", path)[-1]["keys"] == 1
    settings_name_it = {"auth": {"keys_file": tmp_path / "later.json"}}
    settings = Settings.model_validate({"server": {"host": "0.0.0.0"}, **settings_name_it})
    check_who_comes_in(Service(settings, lambda: [FakeEngine()]))


def test_tokens_that_will_not_last_are_said() -> None:
    lines = looked_at("127.0.0.1", **KEYS)
    assert lines[0]["event"] == "tokens_end_with_the_process"


def tls(cert: str | None, key: str | None = None) -> ServerSettings:
    return ServerSettings(
        tls_certfile=None if cert is None else TLS / cert,
        tls_keyfile=None if key is None else TLS / key,
    )


def test_a_certificate_and_its_key(tmp_path: Path) -> None:
    check_tls(tls(None))
    check_tls(tls("cert.pem", "key.pem"))
    both = tmp_path / "both.pem"
    both.write_bytes((TLS / "key.pem").read_bytes() + (TLS / "cert.pem").read_bytes())
    check_tls(ServerSettings(tls_certfile=both))


@pytest.mark.parametrize(
    ("cert", "key", "field", "said"),
    [
        ("none.pem", "key.pem", "server.tls_certfile", "can't be read: No such file"),
        ("cert.pem", "none.pem", "server.tls_keyfile", "can't be read: No such file"),
        ("cert.pem", None, "server.tls_certfile", "is no certificate chain"),
        ("cert.pem", "other-key.pem", "server.tls_certfile", "not its key"),
        ("cert.pem", "encrypted.pem", "server.tls_certfile", "without a password"),
        ("README.md", "key.pem", "server.tls_certfile", "is no certificate chain"),
    ],
)
def test_what_tls_can_not_be_done_with_is_said(
    cert: str, key: str | None, field: str, said: str
) -> None:
    with pytest.raises(BadConfiguration) as caught:
        check_tls(tls(cert, key))
    assert caught.value.field == field
    assert said in caught.value.message


def served_by(context: ssl.SSLContext) -> str:
    """What a new client sees: the certificate's fingerprint."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    seen = client.getpeercert(binary_form=True)
    assert seen is not None
    return hashlib.sha256(seen).hexdigest()


def test_a_renewed_certificate_is_taken_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes((TLS / "cert.pem").read_bytes())
    key.write_bytes((TLS / "key.pem").read_bytes())
    settings = ServerSettings(tls_certfile=cert, tls_keyfile=key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    certificate = Certificate(settings)
    first = served_by(context)
    with structlog.testing.capture_logs() as lines:
        certificate.renew(context)
        assert lines == []
        cert.write_bytes((TLS / "other-cert.pem").read_bytes())  # its key is still to come
        certificate.renew(context)
        certificate.renew(context)
        assert served_by(context) == first
        key.write_bytes((TLS / "other-key.pem").read_bytes())
        certificate.renew(context)
        assert served_by(context) != first
        key.unlink()
        certificate.renew(context)
    events = [line["event"] for line in lines]
    assert events == ["certificate_kept", "certificate_renewed", "certificate_kept"]


def test_without_tls_there_is_nothing_to_renew() -> None:
    Certificate(tls(None)).renew(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def test_a_key_without_a_certificate() -> None:
    with pytest.raises(ValueError, match="tls_keyfile is set, but not tls_certfile"):
        tls(None, "key.pem")
