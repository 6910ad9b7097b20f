"""An engine that hangs is replaced while sessions go on; or else the process ends."""

from __future__ import annotations

import json

import httpx2
import pytest

from tests.integration.harness import client
from tests.integration.process import ServerProcess, server_process
from tests.protocol.sounds import spoken

pytestmark = pytest.mark.timeout(60)


async def scrape(server: ServerProcess) -> dict[str, float]:
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as web:
        text = (await web.get(f"http://127.0.0.1:{server.port}/metrics")).text
    samples = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in samples}


async def test_a_stuck_engine_is_replaced_and_no_word_is_lost() -> None:
    async with server_process(
        "--port", "0", engine={"hangs": 1}, WIRESCRIBE_ENGINE__STUCK_S="0.3"
    ) as server:
        await server.ready()
        async with client(server.url + "?language=en") as it:
            await it.send(spoken(2_000))
            await it.say("finalize", id="1")
            await it.until("finalized", id="1")
            await it.send(spoken(800))
            transcript = await it.finish()
        assert transcript.text() == "w0 w1 w2 w3 w4 w5 w6"
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as web:
            health = await web.get(f"http://127.0.0.1:{server.port}/health")
        assert health.status_code == 200
        body = json.loads(health.text)
        assert (body["engine"], body["engine_restarts"]) == ("ok", 1)
        metrics = await scrape(server)
        assert metrics['wirescribe_engine_faults_total{kind="stuck"}'] == 1
        assert metrics['wirescribe_engine_restarts_total{outcome="done"}'] == 1
        assert metrics["wirescribe_requests_requeued_total"] >= 1
        server.process.terminate()
        # A thread hangs in the first one to the end, and does not keep the process.
        assert await server.status() == 0
    events = [event["event"] for event in server.events]
    assert events.index("engine_stuck") < events.index("engine_restarted")


async def test_an_engine_that_can_not_be_had_back_ends_the_process_with_a_status_of_its_own() -> (
    None
):
    async with server_process(
        "--port",
        "0",
        engine={"hangs": 9},
        WIRESCRIBE_ENGINE__STUCK_S="0.3",
        WIRESCRIBE_ENGINE__MAX_RESTARTS="0",
    ) as server:
        await server.ready()
        async with client(server.url) as idle, client(server.url + "?language=en") as it:
            await it.send(spoken(2_000))
            await idle.refused("restarting")
            await it.refused("restarting")
        assert await server.status() == 70
    events = [event["event"] for event in server.events]
    assert events.index("engine_stuck") < events.index("engine_lost")
