from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.auth.proxies import TrustedProxies, client_address, network_of, read_peer


def scope(client: str | None = "10.0.0.1", /, scheme: str = "ws", **headers: str) -> dict[str, Any]:
    return {
        "client": None if client is None else (client, 1234),
        "scheme": scheme,
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


INNER = TrustedProxies(["10.0.0.0/8", "2001:db8::/32"])
STANDARD = TrustedProxies(["10.0.0.0/8", "2001:db8::/32"], "forwarded")


def test_who_is_not_trusted_says_nothing_about_others() -> None:
    asked = scope("203.0.113.9", x_forwarded_for="198.51.100.1", x_forwarded_proto="https")
    peer = read_peer(asked, INNER)
    assert (peer.address, peer.secure, peer.forwarded) == ("203.0.113.9", False, True)
    assert client_address(scope(x_forwarded_for="198.51.100.1"), TrustedProxies()) == "10.0.0.1"


@pytest.mark.parametrize(
    ("list_", "address"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1", "198.51.100.1"),  # written by the client itself
        ("6.6.6.6, 198.51.100.1, 10.1.1.1", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db9::7]:4711, 10.1.1.1", "2001:db9::7"),
        ("2001:db9::7", "2001:db9::7"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("10.9.9.9", "10.9.9.9"),  # a client of the inner network
        ("nonsense, 10.9.9.9", "10.9.9.9"),
        ("198.51.100.1, nonsense", "10.0.0.1"),
        ("198.51.100.1, unix:", "10.0.0.1"),
        ("", "10.0.0.1"),
        (" , ,", "10.0.0.1"),
    ],
)
def test_the_first_address_behind_those_trusted(list_: str, address: str) -> None:
    assert client_address(scope(x_forwarded_for=list_), INNER) == address


def test_several_lines_are_one_list() -> None:
    asked = scope()
    asked["headers"] = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"198.51.100.1")]
    assert client_address(asked, INNER) == "198.51.100.1"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ('For="[2001:db9::7]:47"; proto=https', "2001:db9::7"),
        ("for=6.6.6.6, for=198.51.100.1;by=10.0.0.1, for=10.1.1.1", "198.51.100.1"),
        ("for=_hidden, for=10.1.1.1", "10.1.1.1"),
        ('for="a,b";proto=x, for=198.51.100.1', "198.51.100.1"),
        ("for=198.51.100.1;;, , for=10.1.1.1,", "198.51.100.1"),
        ("for=[2001:db9::7]:47", "2001:db9::7"),
        # A client that opened a quote: what the proxy added is not to be taken for its content.
        ('for=6.6.6.6;x=", for="[2001:db9::7]:47"', "10.0.0.1"),
        ('for=6.6.6.6;x="\\", for=198.51.100.1', "10.0.0.1"),
        ('for="6.6.6.6", for="198.51.100.1" junk', "10.0.0.1"),
        ("for=6.6.6.6 for=198.51.100.1", "10.0.0.1"),
        ("=, for=198.51.100.1", "10.0.0.1"),
        ("for=unknown", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
        ("", "10.0.0.1"),
        ('for="', "10.0.0.1"),
    ],
)
def test_the_standard_header(value: str, address: str) -> None:
    assert client_address(scope(forwarded=value), STANDARD) == address


def test_a_header_that_wants_to_be_read_for_long_is_not() -> None:
    for text in ('"\\' * 30_000, '"' * 60_001, "a=" * 30_000, " " * 60_000, "for=a;" * 10_000):
        assert client_address(scope(forwarded=text), STANDARD) == "10.0.0.1"


@given(st.text(max_size=60), st.sampled_from(["198.51.100.1", '"[2001:db9::7]:47"']))
def test_no_client_gives_itself_another_address(written: str, real: str) -> None:
    """Whatever it wrote, the proxy behind adds where it really came from."""
    given_ = f"{written}, for={real}".encode("latin-1", "replace").decode("latin-1")
    asked = scope()
    asked["headers"] = [(b"forwarded", given_.encode("latin-1"))]
    found = client_address(asked, STANDARD)
    assert found in ("198.51.100.1", "2001:db9::7", "10.0.0.1")


@given(st.binary(max_size=80))
def test_no_header_is_too_strange(value: bytes) -> None:
    for trusted in (INNER, STANDARD):
        asked = scope()
        asked["headers"] = [
            (name, value) for name in (b"x-forwarded-for", b"forwarded", b"x-forwarded-host")
        ]
        read_peer(asked, trusted)


def test_only_the_header_that_the_proxy_writes_counts() -> None:
    both = scope(x_forwarded_for="6.6.6.6", forwarded="for=198.51.100.1")
    assert client_address(both, STANDARD) == "198.51.100.1"
    assert client_address(both, INNER) == "6.6.6.6"


def test_how_a_trusted_proxy_was_asked() -> None:
    asked = scope(
        x_forwarded_for="198.51.100.1",
        x_forwarded_proto="https",
        x_forwarded_host="evil.example",  # which a proxy passes on as the client wrote it
        host="captions.example",
    )
    peer = read_peer(asked, INNER)
    assert (peer.secure, peer.host, peer.forwarded) == (True, "captions.example", False)
    standard = scope(forwarded="for=198.51.100.1;proto=https;host=captions.example", host="inner")
    peer = read_peer(standard, STANDARD)
    assert (peer.address, peer.secure, peer.host) == ("198.51.100.1", True, "captions.example")


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_tls_of_our_own(scheme: str) -> None:
    assert read_peer(scope("203.0.113.9", scheme=scheme), TrustedProxies()).secure


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip"])
def test_what_comes_through_an_unknown_proxy_shows(header: str) -> None:
    assert read_peer(scope("127.0.0.1", **{header: "x"}), INNER).forwarded
    assert not read_peer(scope("127.0.0.1", host="x"), INNER).forwarded


@pytest.mark.parametrize(("client", "address"), [(None, ""), ("testclient", "testclient")])
def test_a_socket_without_an_address(client: str | None, address: str) -> None:
    assert client_address(scope(client, x_forwarded_for="6.6.6.6"), INNER) == address


def test_a_network_that_is_none() -> None:
    with pytest.raises(ValueError):
        TrustedProxies(["10.0.0.0/33"])


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db9:0:1:a:b:c:d", "2001:db9:0:1::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("", ""),
    ],
)
def test_what_one_client_may_well_have(address: str, network: str) -> None:
    assert network_of(address) == network
