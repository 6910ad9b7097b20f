"""The route table: what is where, for whom, and under which headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from streaming import app as app_module
from streaming.app import create_app
from streaming.engine.fake import FakeEngine
from streaming.service import Service
from streaming.settings import Settings

STREAM = "ws://127.0.0.1:8000/v1/stream"


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The application around a service that has not been started; a page of its own."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Captions</title>")
    (tmp_path / "assets" / "app.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(app_module, "WEB", tmp_path)
    return TestClient(
        create_app(Service(Settings(), lambda: [FakeEngine()])),
        base_url="http://127.0.0.1:8000",
        client=("127.0.0.1", 50_000),
    )


def test_the_page(web: TestClient) -> None:
    answer = web.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>" in answer.text


def test_its_assets(web: TestClient) -> None:
    answer = web.get("/assets/app.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/assets/../secret.txt", "/assets/%2e%2e/secret.txt", "/secret.txt"]
)
def test_nothing_else_of_the_folder(web: TestClient, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 404
    assert "secret\n" not in answer.text


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_alive_from_the_start(web: TestClient, path: str) -> None:
    assert web.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/readyz", "/health"])
def test_not_ready_before_it_has_loaded(web: TestClient, path: str) -> None:
    assert web.get(path).status_code == 503


@pytest.mark.parametrize("path", ["/health", "/livez", "/healthz", "/readyz", "/"])
def test_probes_can_be_asked_with_head_and_not_posted_to(web: TestClient, path: str) -> None:
    assert web.head(path).status_code == web.get(path).status_code
    assert web.post(path).status_code == 405


def test_unknown_routes_are_named(web: TestClient) -> None:
    answer = web.get("/v2/stream?token=secret")
    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": "not_found", "message": "no route /v2/stream"}}


def test_the_stream_is_a_websocket(web: TestClient) -> None:
    assert web.get("/v1/stream").status_code == 404
    page = {"origin": "http://127.0.0.1:8000"}
    with web.websocket_connect(STREAM, headers=page) as socket:
        refusal = socket.receive_json()
        assert (refusal["type"], refusal["code"]) == ("error", "overloaded")  # it is not loaded
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1013


def test_who_is_no_browser_is_refused_before_the_upgrade(web: TestClient) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        web.websocket_connect(STREAM),
    ):
        pass
    assert refused.value.status_code == 503
    assert int(refused.value.headers["retry-after"]) > 0


def test_no_other_route_is_a_websocket(web: TestClient) -> None:
    for path in ("/", "/health", "/nowhere"):
        with pytest.raises(WebSocketDisconnect), web.websocket_connect(path):
            pass


@pytest.mark.parametrize("path", ["/", "/health", "/nowhere", "/assets/app.js", "/assets/none"])
def test_every_answer_has_the_security_headers(web: TestClient, path: str) -> None:
    headers = web.get(path).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-cache"
