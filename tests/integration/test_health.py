"""The probes in every state the server can be in, and what stands on every HTTP answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import httpx2
import pytest

from streaming import __version__, health
from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine, count_words
from tests.integration.harness import Running, client, serving
from tests.protocol.sounds import spoken
from tests.support.work import Gate


@pytest.fixture
async def web() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as it:
        yield it


async def probe(web: httpx2.AsyncClient, server: Running) -> dict[str, int]:
    names = ("livez", "healthz", "readyz", "health")
    return {name: (await web.get(f"{server.http}/{name}")).status_code for name in names}


async def test_ready(web: httpx2.AsyncClient, server: Running) -> None:
    assert set((await probe(web, server)).values()) == {200}
    body = (await web.get(server.http + "/health")).json()
    assert body.pop("response_time_ms") >= 0
    assert body.pop("sessions")["waiting"] == 0
    assert body == {
        "status": "ok",
        "model_loaded": True,
        "gpu_memory_used": None,
        "version": __version__,
        "model": "fake",
        "device": "cpu",
        "compute_type": "none",
        "partial_model": None,
        "engine": "ok",
        "engine_restarts": 0,
    }


async def test_loading(web: httpx2.AsyncClient) -> None:
    may_load = threading.Event()

    def load() -> list[Engine]:
        assert may_load.wait(30)
        return [FakeEngine()]

    with serving(load=load, wait=False) as server:
        try:
            assert await probe(web, server) == {
                "livez": 200,
                "healthz": 200,
                "readyz": 503,
                "health": 503,
            }
            body = (await web.get(server.http + "/health")).json()
            assert body["status"] == "starting"
            assert body["model_loaded"] is False
            assert body["model"] is None
            assert body["response_time_ms"] is None
            ready = await web.get(server.http + "/readyz")
            assert ready.text == "starting\n"
            assert int(ready.headers["retry-after"]) > 0
        finally:
            may_load.set()


async def test_full(web: httpx2.AsyncClient) -> None:
    with serving(limits={"max_sessions": 1}) as server:
        async with client(server.url + "?language=en") as it:
            await it.until("started")
            assert await probe(web, server) == {
                "livez": 200,
                "healthz": 200,
                "readyz": 503,
                "health": 200,
            }
            assert (await web.get(server.http + "/readyz")).text == "full\n"
            await it.finish()


async def test_draining(web: httpx2.AsyncClient) -> None:
    gate = Gate(count_words, silence=False)

    # Two workers: one still answers while the other finishes what was said.
    with serving(FakeEngine(gate, concurrency=2)) as server:
        try:
            async with client(server.url + "?language=en&partials=false") as it:
                await it.send(spoken(800))
                await it.until("speech_started")
                draining = asyncio.create_task(server.call(server.service.drain(20)))
                await it.until("warning", code="draining")
                assert await probe(web, server) == {
                    "livez": 200,
                    "healthz": 200,
                    "readyz": 503,
                    "health": 200,
                }
                assert (await web.get(server.http + "/readyz")).text == "draining\n"
                gate.open()
                await it.refused("restarting")
                assert it.transcript.text() == "w0 w1"
                await draining
        finally:
            gate.open()


async def test_degraded_while_the_engine_does_not_answer(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_ENGINE_TIMEOUT_S", 0.1)
    hangs, entered = threading.Event(), threading.Event()

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            entered.set()
            assert hangs.wait(30)
        return count_words(request)

    with serving(FakeEngine(script)) as server:
        try:
            async with client(server.url + "?language=en") as it:
                await it.send(spoken(1_000))
                await asyncio.to_thread(entered.wait, 20)
                assert await probe(web, server) == {
                    "livez": 200,
                    "healthz": 200,
                    "readyz": 200,
                    "health": 503,
                }
                body = (await web.get(server.http + "/health")).json()
                assert body["status"] == "degraded"
                assert body["model_loaded"] is True
                assert body["response_time_ms"] is None
                hangs.set()
                await it.finish()
                assert (await web.get(server.http + "/health")).json()["status"] == "ok"
        finally:
            hangs.set()


async def test_an_engine_that_fails_ends_only_the_session_it_fails(web: httpx2.AsyncClient) -> None:
    def script(request: DecodeRequest) -> Hypothesis:
        if request.prompt == "fail":
            raise RuntimeError("out of memory: /secret/path")
        return count_words(request)

    with serving(FakeEngine(script)) as server:
        async with client(server.url + "?language=en") as good:
            async with client(server.url + "?language=en&prompt=fail") as bad:
                await good.send(spoken(800))
                await bad.send(spoken(800))
                await bad.say("finalize")
                error = await bad.refused("engine_fault")
            assert error["retryable"] is True
            assert "secret" not in error["message"]
            assert (await good.finish()).text() == "w0 w1"
        assert (await web.get(server.http + "/health")).json()["status"] == "ok"


@pytest.mark.parametrize(
    "path", ["/", "/health", "/livez", "/readyz", "/nowhere", "/assets/none.js"]
)
async def test_security_headers_stand_on_every_answer(
    web: httpx2.AsyncClient, server: Running, path: str
) -> None:
    answer = await web.get(server.http + path)
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in headers["permissions-policy"]
    assert "microphone=(self)" in headers["permissions-policy"]
    assert "server" not in headers
    assert "cache-control" in headers


async def test_what_is_not_there_is_said_as_json(web: httpx2.AsyncClient, server: Running) -> None:
    answer = await web.get(server.http + "/v1/nothing?token=secret")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert "secret" not in answer.text


async def test_the_assets_folder_can_not_be_left(web: httpx2.AsyncClient, server: Running) -> None:
    for path in (
        "/assets/../app.py",
        "/assets/%2e%2e/app.py",
        "/assets/..%2fapp.py",
        "/assets//etc/passwd",
    ):
        answer = await web.get(server.http + path)
        assert answer.status_code == 404, path
