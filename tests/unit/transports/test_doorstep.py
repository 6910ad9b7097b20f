"""Who comes in, before the handshake is answered, and how a refusal is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from streaming.auth.keys import digest_of, new_key
from streaming.engine.fake import FakeEngine
from streaming.errors import Overloaded, QuotaExceeded, Restarting, WirescribeError
from streaming.principal import ANONYMOUS
from streaming.service import Service
from streaming.settings import Settings
from streaming.transports.doorstep import look, turn_away
from streaming.transports.native import NativeCodec
from tests.unit.transports.asgi import Socket, serving

STATUSES: Mapping[str, Any] = {"websocket.http.response": {}}
BUSY = Overloaded("no place", retry_after_ms=2_500)


async def refused(
    service: Service,
    error: WirescribeError = BUSY,
    *,
    extensions: Mapping[str, Any] = STATUSES,
    origin: str = "",
    forwarded: bool = False,
) -> Socket:
    socket = Socket(subprotocols=["wirescribe.v1"])
    scope = socket.websocket.scope
    scope["extensions"] = extensions
    if origin:
        scope["headers"].append((b"origin", origin.encode()))
    if forwarded:
        scope["headers"].append((b"x-forwarded-for", b"192.0.2.7"))
    credentials = service.gate.read(scope)
    await turn_away(socket.websocket, NativeCodec(), service, credentials, error)
    return socket


async def test_a_program_gets_a_status_and_when_to_come_back() -> None:
    async with serving() as service:
        socket = await refused(service)
    start, *parts = socket.sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 503)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers["retry-after"] == "3"
    assert headers["ratelimit-policy"] == '"connections";q=500;w=10'
    assert headers["ratelimit"] == '"connections";r=500'
    body = json.loads(b"".join(part.get("body", b"") for part in parts))
    assert body == {
        "error": {
            "code": "overloaded",
            "message": "no place",
            "retryable": True,
            "retry_after_ms": 2_500,
        }
    }
    assert service.metrics.value("sessions_total", transport="native", outcome="refused") == 1


@pytest.mark.parametrize(("extensions", "origin"), [(STATUSES, "http://127.0.0.1:8000"), ({}, "")])
async def test_who_can_not_read_a_status_is_told_on_the_socket(
    extensions: Mapping[str, Any], origin: str
) -> None:
    async with serving() as service:
        socket = await refused(service, extensions=extensions, origin=origin)
    assert [message["type"] for message in socket.sent] == [
        "websocket.accept", "websocket.send", "websocket.close",
    ]  # fmt: skip
    assert socket.sent[0]["subprotocol"] == "wirescribe.v1"
    assert socket.transcript.events[0]["code"] == "overloaded"
    assert socket.closed == (1013, "overloaded")
    assert service.metrics.value("closes_total", code="1013") == 1


async def test_one_that_has_gone_meanwhile_is_nobodys_fault() -> None:
    async with serving() as service:
        socket = Socket()
        socket.gone = True
        credentials = service.gate.read(socket.websocket.scope)
        await turn_away(socket.websocket, NativeCodec(), service, credentials, BUSY)
    assert not socket.sent


async def test_the_door_is_open_while_there_is_room() -> None:
    async with serving() as service:
        look(service, service.gate.read(Socket().websocket.scope))
    with pytest.raises(Restarting):
        look(service, service.gate.read(Socket().websocket.scope))


async def test_a_full_house_and_a_hasty_knocker() -> None:
    async with serving(max_sessions=1) as service:
        credentials = service.gate.read(Socket().websocket.scope)
        await service.enter(ANONYMOUS, lambda *_: None)
        look(service, credentials)  # it would wait in the line
        with pytest.raises(QuotaExceeded):
            for _ in range(2_000):
                service.admission.knock(credentials.peer.address)
        with pytest.raises(QuotaExceeded) as caught:
            look(service, credentials)
        assert caught.value.field == "connections"


async def test_behind_a_proxy_a_server_that_goes_down_leaves_browsers_to_another() -> None:
    page, gone = "http://127.0.0.1:8000", Restarting("the server is restarting")
    async with serving() as service:
        accepted = await refused(service, origin=page, forwarded=True)
        assert accepted.sent[0]["type"] == "websocket.accept"  # full: the next one is no emptier
        await service.drain(0)
        denied = await refused(service, gone, origin=page, forwarded=True)
        assert denied.sent[0]["status"] == 503
        direct = await refused(service, gone, origin=page)
        assert direct.sent[0]["type"] == "websocket.accept"


async def test_a_keys_quotas_are_told_to_who_holds_it() -> None:
    key = new_key()
    settings = {
        "auth": {"keys": [f"anna:{digest_of(key)}"]},
        "quotas": {"audio_s_per_hour_per_key": 60},
        "vad": {"mode": "webrtc"},
    }
    service = Service(Settings.model_validate(settings), lambda: [FakeEngine()])
    await service.start()
    socket = Socket()
    scope = socket.websocket.scope
    scope["extensions"] = STATUSES
    scope["headers"].append((b"authorization", f"Bearer {key}".encode()))
    credentials = service.gate.read(scope)
    await turn_away(socket.websocket, NativeCodec(), service, credentials, BUSY)
    await service.stop()
    headers = {name.decode(): value.decode() for name, value in socket.sent[0]["headers"]}
    assert '"key-audio";q=60;w=3600' in headers["ratelimit-policy"]
