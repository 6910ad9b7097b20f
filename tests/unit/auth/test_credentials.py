from __future__ import annotations

from typing import Any

import pytest

from streaming.auth.credentials import Credentials, read_credentials
from streaming.auth.proxies import TrustedProxies


def scope(*headers: tuple[str, str], query: str = "", offered: tuple[str, ...] = ()) -> Any:
    return {
        "client": ("127.0.0.1", 1),
        "scheme": "ws",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "query_string": query.encode(),
        "subprotocols": list(offered),
    }


def read(asked: Any) -> Credentials:
    return read_credentials(asked, TrustedProxies())


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Token"])
def test_a_header(scheme: str) -> None:
    it = read(scope(("authorization", f"{scheme}  secret ")))
    assert (it.secret, it.carrier) == ("secret", "header")


@pytest.mark.parametrize("value", ["Basic dTpw", "Bearer", "Bearer ", "secret", ""])
def test_a_header_of_another_kind_says_nothing(value: str) -> None:
    it = read(scope(("authorization", value), offered=("wirescribe.v1", "token.other")))
    assert (it.secret, it.carrier) == ("other", "subprotocol")


def test_a_subprotocol() -> None:
    it = read(scope(offered=("wirescribe.v1", "token.a.b-c_d")))
    assert (it.secret, it.carrier) == ("a.b-c_d", "subprotocol")


def test_the_query_and_it_is_gone_from_there() -> None:
    asked = scope(query="language=en&token=a%2Bb&prompt=a+b%C3%A4&x=&token=2")
    it = read(asked)
    assert (it.secret, it.carrier) == ("a+b", "query")
    assert asked["query_string"] == b"language=en&prompt=a+b%C3%A4&x="


def test_a_query_without_one_stays_as_it_is() -> None:
    asked = scope(query="a=token&b=%74")
    assert read(asked).secret is None
    assert asked["query_string"] == b"a=token&b=%74"


def test_the_header_counts_first_and_the_query_is_cleared_all_the_same() -> None:
    asked = scope(("authorization", "Bearer one"), query="token=two", offered=("token.three",))
    assert read(asked).secret == "one"
    assert asked["query_string"] == b""


def test_nothing() -> None:
    it = read(scope())
    assert (it.secret, it.carrier, it.origin) == (None, None, None)


def test_a_page() -> None:
    assert read(scope(("origin", "https://a.example"))).origin == "https://a.example"


def test_http_has_no_subprotocols() -> None:
    asked = scope()
    del asked["subprotocols"], asked["query_string"]
    assert read(asked).secret is None


def test_a_secret_that_came_later_and_is_never_shown() -> None:
    it = read(scope()).with_secret("hush")
    assert (it.secret, it.carrier) == ("hush", "message")
    assert "hush" not in repr(it)
