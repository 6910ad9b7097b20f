"""What is logged of a session, and above all what isn't."""

from __future__ import annotations

import httpx2
import pytest

from tests.integration.harness import client
from tests.integration.process import server_process
from tests.protocol.sounds import spoken


async def test_logs_hold_no_transcripts_tokens_or_queries() -> None:
    async with server_process("--port", "0", "--log-level", "debug") as server:
        await server.ready()
        query = "?language=en&token=query-secret&prompt=prompt-secret&hotwords=hotword-secret"
        async with client(
            server.url + query,
            subprotocols=["wirescribe.v1", "token.subprotocol-secret"],
            additional_headers={"Authorization": "Bearer header-secret"},
        ) as it:
            await it.send(spoken(2_000))
            await it.say("configure", prompt="configured-secret")
            await it.say("finalize", id="finalize-secret")
            assert (await it.until("final"))["text"] == "w0 w1 w2 w3 w4"
            await it.finish()
        async with client(server.url) as it:
            await it.say("start", token="start-secret", prompt="start-prompt-secret")
            await it.send("text-secret that is not JSON")
            await it.refused("bad_message")
        async with client(server.url + "?language=language-secret") as it:
            await it.refused("bad_configuration")
        async with httpx2.AsyncClient(trust_env=False) as web:
            await web.get(f"http://127.0.0.1:{server.port}/health?token=http-secret")
            await web.get(f"http://127.0.0.1:{server.port}/nowhere?token=http-secret")
            await web.post(f"http://127.0.0.1:{server.port}/v1/stream?token=http-secret")
        server.process.terminate()
        assert await server.status() == 0
    log = "\n".join(server.lines)
    assert "secret" not in log
    assert "w0" not in log
    closed = [e for e in server.events if e["event"] == "session_closed"]
    assert [e["code"] for e in closed] == ["done", "bad_message", "bad_configuration"]
    assert closed[0]["audio_ms"] == 2_000
    started = next(e for e in server.events if e["event"] == "session_started")
    assert started["session"] == closed[0]["session"]
    assert all({"event", "level", "timestamp"} <= e.keys() for e in server.events)


@pytest.mark.parametrize("as_json", ["true", "false"])
async def test_a_defect_is_logged_without_what_was_said(as_json: str) -> None:
    engine = {"broken": "said-secret"}
    async with server_process(
        "--port", "0", engine=engine, WIRESCRIBE_SERVER__LOG_JSON=as_json
    ) as server:
        await server.ready()
        async with client(server.url + "?language=en&prompt=prompt-secret") as it:
            await it.send(spoken(800))
            await it.say("finalize", id="finalize-secret")
            error = await it.refused("internal")
        server.process.terminate()
        assert await server.status() == 0
    log = "\n".join(server.lines)
    assert "Traceback" in log  # or nobody could ever find it
    assert "secret" not in log + error["message"]
