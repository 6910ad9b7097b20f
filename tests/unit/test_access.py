"""HTTP's side of coming in, by requests to the application as it is."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from streaming.access import authorise, refusal, refused
from streaming.app import create_app
from streaming.auth.keys import digest_of, new_key
from streaming.engine.fake import FakeEngine
from streaming.errors import NotAuthorised, OriginRefused, Overloaded
from streaming.service import Service
from streaming.settings import Settings

SECRET = new_key()
BEARER = {"Authorization": f"Bearer {SECRET}"}


def web(*, host: str = "127.0.0.1:8000", address: str = "127.0.0.1", **auth: Any) -> TestClient:
    service = Service(Settings.model_validate({"auth": auth}), lambda: [FakeEngine()])
    return TestClient(create_app(service), base_url=f"http://{host}", client=(address, 50_000))


def keyed(**auth: Any) -> TestClient:
    keys = (f"app:{digest_of(SECRET)}",)
    return web(host="captions.example", address="203.0.113.9", keys=keys, **auth)


def test_a_token_is_made_for_a_key_and_lets_in() -> None:
    client = keyed()
    asked = {"ttl_s": 60, "max_session_s": 30, "origin": "https://app.example", "sub": "kiosk"}
    answer = client.post("/v1/tokens", json=asked, headers=BEARER)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert set(made) == {"token", "expires_at"}
    assert 55 < made["expires_at"] - time.time() <= 60
    other = {"Authorization": f"Bearer {made['token']}"}
    refused = client.get("/metrics", headers=other)  # it is for a page only
    assert refused.json()["error"]["message"] == "token: was made for another page"
    plain = client.post("/v1/tokens", headers=BEARER).json()["token"]
    assert client.get("/metrics", headers={"Authorization": f"Token {plain}"}).status_code == 200


def test_who_has_no_key_is_told_how_to_say_one() -> None:
    answer = keyed().post("/v1/tokens")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="wirescribe"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "error": {
            "code": "not_authorised",
            "message": "token: no API key or token was sent",
            "retryable": False,
            "field": "token",
        }
    }


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, "body"),
        (b"[]", 400, "body"),
        (b"[" * 4_000, 400, "body"),
        (b"\xff", 400, "body"),
        (b" " * 5_000, 413, "body"),
        (b'{"ttl": 5}', 422, "body"),
        (b'{"ttl_s": "5"}', 422, "ttl_s"),
        (b'{"ttl_s": true}', 422, "ttl_s"),
        (b'{"ttl_s": 0}', 422, "ttl_s"),
        (b'{"ttl_s": 1e99}', 422, "ttl_s"),
        (b'{"ttl_s": 999999999}', 422, "ttl_s"),
        (b'{"max_session_s": -1}', 422, "max_session_s"),
        (b'{"origin": "app.example"}', 422, "origin"),
        (b'{"origin": 1}', 422, "origin"),
        (b'{"sub": "a\\nb"}', 422, "sub"),
        (b'{"sub": "\\ud800"}', 422, "sub"),
    ],
)
def test_what_no_token_can_be_is_named(body: bytes, status: int, field: str) -> None:
    answer = keyed().post("/v1/tokens", content=body, headers=BEARER)
    assert answer.status_code == status
    assert answer.json()["error"]["field"] == field


def test_nulls_ask_for_nothing() -> None:
    asked = {"ttl_s": None, "max_session_s": None, "origin": None, "sub": None}
    assert keyed().post("/v1/tokens", json=asked, headers=BEARER).status_code == 201


def test_without_keys_there_are_no_tokens() -> None:
    answer = web().post("/v1/tokens", headers=BEARER)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "token: this server has no API keys"


@pytest.mark.parametrize("path", ["/", "/health", "/livez", "/healthz", "/readyz"])
def test_the_page_and_the_probes_are_for_all(path: str) -> None:
    assert keyed().get(path).status_code in (200, 503)


def test_metrics_are_not_unless_the_operator_says_so() -> None:
    assert keyed().get("/metrics").status_code == 401
    assert keyed().get("/metrics", headers=BEARER).status_code == 200
    assert keyed(open_metrics=True).get("/metrics").status_code == 200
    assert web().get("/metrics").status_code == 200


def test_a_foreign_page_is_told_nothing() -> None:
    page = {**BEARER, "Origin": "https://evil.example"}
    for path, answer in (
        ("/metrics", keyed().get("/metrics", headers=page)),
        ("/v1/tokens", keyed().post("/v1/tokens", headers=page)),
    ):
        assert answer.status_code == 403, path
        assert answer.json()["error"]["code"] == "origin_refused"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/metrics", "/assets/x.js", "/nowhere"])
def test_a_page_that_a_name_server_points_here_gets_nothing(path: str) -> None:
    answer = web(host="evil.example:8000").get(path)
    assert answer.status_code == 403
    assert "host: 'evil.example:8000' is not a name" in answer.json()["error"]["message"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_probes_are_asked_by_any_name() -> None:
    assert web(host="10.1.2.3:8000").get("/livez").status_code == 200


def test_a_key_in_an_address_is_not_taken() -> None:
    answer = keyed().post(f"/v1/tokens?token={SECRET}")
    assert answer.status_code == 401
    assert SECRET not in answer.text


def test_a_route_asks_who_it_is() -> None:
    service = Service(Settings(), lambda: [FakeEngine()])
    scope = {
        "type": "http",
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "headers": [(b"host", b"localhost")],
        "query_string": b"",
    }
    assert authorise(Request(scope), service).anonymous
    with pytest.raises(NotAuthorised):
        authorise(Request({**scope, "client": ("203.0.113.9", 1)}), service)


def test_when_to_come_back_is_said_in_whole_seconds() -> None:
    answer = refusal(Overloaded("full", retry_after_ms=1_200))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "www-authenticate" not in refusal(OriginRefused("no")).headers


async def test_only_our_own_reasons_are_given() -> None:
    with pytest.raises(TypeError):
        await refused(Request({"type": "http", "headers": []}), ValueError("inside"))
