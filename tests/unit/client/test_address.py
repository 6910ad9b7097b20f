from __future__ import annotations

import pytest

from streaming.client import UsageError
from streaming.client.address import is_loopback, stream_url


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ws://host:8000", "ws://host:8000/v1/stream"),
        ("http://host:8000/", "ws://host:8000/v1/stream"),
        ("https://host", "wss://host/v1/stream"),
        ("wss://host/speech/v1/stream?model=base", "wss://host/speech/v1/stream?model=base"),
        ("ws://[::1]:8000?a=b#part", "ws://[::1]:8000/v1/stream?a=b"),
    ],
)
def test_what_people_write(given: str, meant: str) -> None:
    assert stream_url(given) == meant


@pytest.mark.parametrize("given", ["", "host:8000", "ftp://host", "ws://", "/v1/stream"])
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(UsageError, match="url"):
        stream_url(given)


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("ws://127.0.0.1:1", True),
        ("ws://127.8.9.1:1", True),
        ("ws://[::1]:1", True),
        ("ws://localhost", True),
        ("ws://localhost.example.org", False),
        ("ws://10.0.0.1", False),
        ("ws://127.0.0.1.example.org", False),
    ],
)
def test_loopback_is_judged_without_a_name_server(url: str, answer: bool) -> None:
    assert is_loopback(url) is answer
