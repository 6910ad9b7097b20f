"""Where webhooks may go; what only looks like the open internet is refused."""

from __future__ import annotations

import ipaddress

import pytest

from streaming.errors import BadConfiguration
from streaming.rest.jobs.destinations import Destinations, Target, Unreachable, addresses, public


def allowed(url: str, *hosts: str, anonymous: bool = False) -> Target:
    return Destinations(hosts).check(url, anonymous=anonymous)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",  # without TLS
        "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3:8443/", "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/", "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
        "https://0.0.0.0/", "https://224.0.0.1/", "https://100.64.0.1/", "https://127.0.0.1./",
        "https://user:word@hooks.example.com/", "https://user@hooks.example.com/",
        "ftp://hooks.example.com/", "file:///etc/passwd", "https://", "https:///path", "hooks",
        "https://hooks.example.com:0/", "https://hooks.example.com:99999/", "https://[::1",
        "https://hooks.example.com\\@127.0.0.1/", "https://hooks.example.com/\r\nX: y",
        "https://hooks.example.com/ x", "https://hooks.éxample.com/", "https://[fe80::1%25eth0]/",
        "https://hooks.example.com/" + "x" * 2_048,
    ],
)  # fmt: skip
def test_refused(url: str) -> None:
    with pytest.raises(BadConfiguration, match=r"^webhook_url: ") as caught:
        allowed(url)
    assert "example" not in caught.value.message, "what may be secret is not said again"


def test_a_public_address_over_tls() -> None:
    target = allowed("https://hooks.example.com:8443/a/b?token=x#part")
    assert target == Target(True, "hooks.example.com", 8443, "/a/b?token=x", listed=False)
    assert target.authority == "hooks.example.com:8443"
    assert allowed("https://hooks.example.com").path == "/"
    with pytest.raises(BadConfiguration, match="API key"):
        allowed("https://hooks.example.com/", anonymous=True)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://10.0.0.5:9000/", "10.0.0.5"),
        ("http://10.0.0.5:9000/", "10.0.0.5:9000"),
        ("http://[::1]:9000/", "[::1]:9000"),
        ("https://Hooks.Inner/", "hooks.inner"),
        ("https://a.hooks.inner/", "*.hooks.inner"),
    ],
)
def test_listed_hosts_may_be_inside_and_without_tls(url: str, host: str) -> None:
    assert allowed(url, host, anonymous=True).listed


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hooks.inner.evil.example/", "hooks.inner"),
        ("https://evilhooks.inner/", "*.hooks.inner"),
        ("https://hooks.inner/", "*.hooks.inner"),
        ("https://hooks.inner:8443/", "hooks.inner:443"),
        ("https://8.8.8.8/", "hooks.inner"),
    ],
)
def test_with_a_list_nothing_else(url: str, host: str) -> None:
    with pytest.raises(BadConfiguration, match="doesn't list"):
        allowed(url, host)


async def test_a_name_is_looked_up_and_not_trusted() -> None:
    inside = Target(True, "localhost", 443, "/", listed=False)
    with pytest.raises(Unreachable, match="inside a network"):
        await addresses(inside)
    assert await addresses(Target(True, "127.0.0.1", 443, "/", listed=True)) == ["127.0.0.1"]
    for number in ("2130706433", "0x7f.1", "127.1"):  # what C's library reads as 127.0.0.1
        with pytest.raises(Unreachable):
            await addresses(Target(True, number, 443, "/", listed=False))


@pytest.mark.parametrize(
    ("text", "is_public"),
    [("8.8.8.8", True), ("2606:4700::1", True), ("64:ff9b::808:808", True), ("fec0::1", False),
     ("2001:0:7f00:1::", False), ("192.0.2.1", False), ("255.255.255.255", False), ("::", False)],
)  # fmt: skip
def test_what_is_public(text: str, *, is_public: bool) -> None:
    assert public(ipaddress.ip_address(text)) is is_public
