"""The port of vosk's clients: all its sockets lead to one route, and nothing else is there."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from streaming.vosk_port import VoskPort


async def seen(scope: dict[str, Any], port: int) -> tuple[list[Scope], list[Message]]:
    """What the application is asked, and what is answered instead."""
    scopes: list[Scope] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await VoskPort(app, port)(scope, receive, send)
    return scopes, sent


def socket_at(port: int, path: str = "/") -> dict[str, Any]:
    return {"type": "websocket", "path": path, "raw_path": path.encode(), "server": ["::1", port]}


@pytest.mark.parametrize("path", ["/", "/ws", "/v1/stream", "//"])
async def test_all_sockets_of_the_port_are_led_there(path: str) -> None:
    (scope,), _ = await seen(socket_at(2_700, path), 2_700)
    assert (scope["path"], scope["raw_path"]) == ("/v1/vosk", b"/v1/vosk")


@pytest.mark.parametrize(
    ("scope", "port"),
    [
        (socket_at(8_000), 2_700),
        (socket_at(2_700), 0),
        ({"type": "lifespan"}, 2_700),
        ({"type": "websocket", "path": "/", "server": None}, 2_700),
        ({"type": "websocket", "path": "/", "server": ["/run/it.sock", None]}, 2_700),
    ],
)
async def test_all_else_is_passed_on_as_it_is(scope: dict[str, Any], port: int) -> None:
    scopes, sent = await seen(scope, port)
    assert (scopes, sent) == ([scope], [])


async def test_http_is_told_what_the_port_is_for() -> None:
    scopes, sent = await seen({"type": "http", "path": "/", "server": ["::1", 2_700]}, 2_700)
    assert scopes == []
    assert sent[0]["status"] == 426
    assert (b"upgrade", b"websocket") in sent[0]["headers"]
