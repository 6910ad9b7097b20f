from __future__ import annotations

import pytest

from streaming.auth.origins import Origin, OriginList, is_loopback, read_host, same_origin


@pytest.mark.parametrize(
    ("text", "origin", "said"),
    [
        ("https://App.Example", Origin("https", "app.example", 443), "https://app.example"),
        ("https://app.example:443", Origin("https", "app.example", 443), "https://app.example"),
        ("http://127.0.0.1:8000", Origin("http", "127.0.0.1", 8000), "http://127.0.0.1:8000"),
        ("http://[::1]:8000", Origin("http", "::1", 8000), "http://[::1]:8000"),
        ("https://app.example.", Origin("https", "app.example", 443), "https://app.example"),
        (
            "chrome-extension://abc",
            Origin("chrome-extension", "abc", None),
            "chrome-extension://abc",
        ),
    ],
)
def test_an_origin(text: str, origin: Origin, said: str) -> None:
    assert Origin.read(text) == origin
    assert str(origin) == said


NO_ORIGINS = [
    "", "null", "app.example", "https://", "https://a/", "https://a/path", "https://a?x",
    "https://a#x", "https://me@a", "https://a:port", "https://a:99999", "*", "https://[::1",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ORIGINS)
def test_no_origin(text: str) -> None:
    with pytest.raises(ValueError):
        Origin.read(text)


@pytest.mark.parametrize(
    ("origin", "host", "secure", "same"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", False, True),
        ("http://localhost:8000", "127.0.0.1:8000", False, False),
        ("http://a.example", "a.example", False, True),
        ("http://a.example", "A.EXAMPLE.:80", False, True),
        ("https://a.example", "a.example", False, True),  # a proxy in front speaks TLS
        ("https://a.example", "a.example:443", False, True),
        ("https://a.example:8443", "a.example:8443", True, True),
        ("https://a.example:8443", "a.example", True, False),
        ("http://a.example", "a.example", True, False),  # a page that came without TLS
        ("http://a.example:8000", "a.example:9000", False, False),
        ("https://evil.example", "a.example", False, False),
        ("https://a.example.evil.example", "a.example", False, False),
        ("ftp://a.example", "a.example", False, False),
        ("http://a.example", "", False, False),
        ("http://a.example", "a.example/x", False, False),
        ("http://a.example", "a.example:x", False, False),
    ],
)
def test_the_servers_own_page(origin: str, host: str, secure: bool, same: bool) -> None:
    assert same_origin(Origin.read(origin), host, secure=secure) is same


def test_a_list_of_origins() -> None:
    allowed = OriginList(["https://app.example", "https://*.corp.example:8443", "null"])
    assert "https://app.example" in allowed
    assert "https://APP.example:443" in allowed
    assert "https://a.b.corp.example:8443" in allowed
    assert "null" in allowed
    for other in (
        "http://app.example",
        "https://app.example.evil",
        "https://evilcorp.example:8443",
        "https://corp.example:8443",
        "https://a.corp.example",
        "nonsense",
        "",
        "*",
    ):
        assert other not in allowed


def test_any_origin() -> None:
    allowed = OriginList(["*"])
    assert "https://app.example" in allowed
    assert "null" in allowed


def test_no_list_is_nobody() -> None:
    assert "null" not in OriginList([])
    assert "https://app.example" not in OriginList([])


@pytest.mark.parametrize("entry", ["app.example", "https://app.*", "**", "https://a.*.b", ""])
def test_an_entry_that_means_nothing(entry: str) -> None:
    with pytest.raises(ValueError):
        OriginList([entry])


@pytest.mark.parametrize(
    ("text", "name", "port"),
    [
        ("a.example", "a.example", None),
        ("A.example.:80", "a.example", 80),
        ("[::1]:8000", "::1", 8000),
        (" localhost ", "localhost", None),
    ],
)
def test_a_host(text: str, name: str, port: int | None) -> None:
    assert read_host(text) == (name, port)


@pytest.mark.parametrize("text", ["", "a/b", "me@a", "a:b", "a?b", ":80", "[::1"])
def test_no_host(text: str) -> None:
    with pytest.raises(ValueError):
        read_host(text)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"],
)
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "localhost.evil.example", "notlocalhost", "0.0.0.0", "::", "10.0.0.1", "127.0.0.1.nip.io"],
)
def test_names_of_others(host: str) -> None:
    assert not is_loopback(host)
