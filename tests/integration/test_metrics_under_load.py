"""What ``/metrics`` says in a crowd with a line before it, cuts and faults, and what was counted.

Scraped all the while: no counter ever goes back, and no gauge leaves its bounds.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus

from streaming.client import Final, Reconnected, connect
from tests.chaos.engine import ChaosEngine, Fault
from tests.chaos.speaker import Manner, talk
from tests.integration.harness import WAIT_S, Running, client, empty, serving
from tests.support.marked import marked, said
from tests.support.proxy import proxy

pytestmark = pytest.mark.timeout(90)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
_COUNTS = ("_total", "_count", "_bucket", "_sum")


class Watcher:
    """Scrapes again and again, and looks whether each answer may follow the one before."""

    def __init__(self, web: httpx2.AsyncClient, server: Running) -> None:
        self._web = web
        self._server = server
        self.samples: Samples = {}
        self.scrapes = 0
        self._one = asyncio.Lock()

    def __call__(self, name: str, **labels: str) -> float:
        return self.samples.get(("wirescribe_" + name, frozenset(labels.items())), 0.0)

    async def look(self) -> None:
        """Scrape once; one after the other, or an older answer might come after a newer one."""
        async with self._one:
            await self._look()

    async def _look(self) -> None:
        answer = await self._web.get(self._server.http + "/metrics")
        assert answer.status_code == 200
        now: Samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }
        for key, before in self.samples.items():
            if key[0].startswith("wirescribe_") and key[0].endswith(_COUNTS):
                assert now[key] >= before, f"{key} went from {before} to {now.get(key)}"
        self.samples = now
        self.scrapes += 1
        assert self("sessions_active", transport="native") <= self("sessions_capacity")
        for share in ("workers_used_ratio", "engine_serving"):
            assert all(0 <= value <= 1 for (n, _), value in now.items() if n.endswith(share))

    async def until(self, name: str, value: float, **labels: str) -> None:
        """Scrape until a figure is what it should become."""
        async with asyncio.timeout(WAIT_S):
            while True:
                await self.look()
                if self(name, **labels) == value:
                    return
                await asyncio.sleep(0.01)


@asynccontextmanager
async def watching(server: Running) -> AsyncIterator[Watcher]:
    async with httpx2.AsyncClient(trust_env=False, timeout=WAIT_S) as web:
        watcher = Watcher(web, server)

        async def again() -> None:
            while True:
                await watcher.look()
                await asyncio.sleep(0.02)

        task = asyncio.create_task(again())
        try:
            yield watcher
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_places_line_and_refusals_are_those_that_clients_had() -> None:
    url_options = "?language=en"
    with serving(ChaosEngine(), limits={"max_sessions": 2}, admission={"max_waiting": 2}) as server:
        url = server.url + url_options
        async with watching(server) as seen, client(url) as one, client(url) as two:
            await one.until("started")
            await two.until("started")
            await seen.until("sessions_active", 2, transport="native")
            async with client(url) as three:
                await three.until("queued")
                async with client(url) as four:
                    await four.until("queued")
                    await seen.until("sessions_waiting", 2)
                    for _ in range(3):
                        with pytest.raises(InvalidStatus):
                            async with client(url):
                                pass
                    page = {"Origin": server.http}
                    async with client(url, additional_headers=page) as refused:
                        await refused.refused("overloaded")
                await seen.until("admission_refusals_total", 1, reason="left")
                elsewhere = {"Origin": "https://elsewhere.example"}
                async with client(url, additional_headers=elsewhere) as refused:
                    await refused.refused("origin_refused")
                await one.send(marked(range(3), silent_ms=800))
                await one.finish()
                await three.until("started")
                await three.finish()
            await two.say("nonsense")
            await two.refused("bad_message")
            await seen.until("closes_total", 1, code="4400")
            await empty(server)
            await seen.look()
    assert seen("admission_wait_seconds_count") == 3
    assert seen("admission_refusals_total", reason="overloaded") == 4
    assert seen("sessions_waiting") == seen("sessions_active", transport="native") == 0
    assert seen("sessions_total", transport="native", outcome="done") == 2
    assert seen("sessions_total", transport="native", outcome="failed") == 1
    assert seen("closes_total", code="1013") == 1
    assert seen("closes_total", code="4400") == 1
    assert seen("closes_total", code="1000") == 3  # two in good order, one left the line
    assert seen("auth_failures_total", reason="origin") == 1
    assert seen("final_words_total") == 3
    assert seen.scrapes > 5  # one for each look here at least, and the watcher's own


async def test_what_is_parked_taken_up_and_given_up_is_counted_once() -> None:
    with serving(ChaosEngine(), limits={"resume_ms": 1_000}) as server:
        async with watching(server) as seen, proxy(server.port) as network:
            heard: list[str] = []
            resumed = 0
            async with connect(network.url, language="en") as stream:
                for number in range(3):
                    await stream.send(marked(range(number * 3, number * 3 + 3), silent_ms=900))
                    async for event in stream:
                        if isinstance(event, Final):
                            heard += event.text.split()
                            break
                    network.cut_all()
                    async for event in stream:
                        if isinstance(event, Reconnected):
                            resumed += event.resumed
                            break
                await stream.end()
                async for _ in stream:
                    pass
            assert heard == said(range(9))
            assert resumed == 3
            async with client(server.url + "?language=en") as lost:
                await lost.until("started")
                await lost.send(marked(range(2)))
                lost.connection.transport.abort()
            await seen.until("sessions_parked", 1)
            assert seen("parked_bytes") > 0
            await seen.until("sessions_given_up_total", 1, reason="expired")
            await seen.until("sessions_parked", 0)
            await empty(server)
            await seen.look()
    assert seen("sessions_resumed_total") == 3
    assert seen("sessions_total", transport="native", outcome="done") == 1
    assert seen("sessions_total", transport="native", outcome="lost") == 1
    assert seen("parked_bytes") == 0
    received_s = 3 * (3 * 0.4 + 0.9) + 2 * 0.4
    assert seen("audio_received_seconds_total") == pytest.approx(received_s, abs=0.01)
    assert seen("closes_total", code="1006") == 4


async def test_faults_are_counted_as_often_as_they_struck() -> None:
    engine = ChaosEngine()
    with serving(engine) as server:
        async with watching(server) as seen:
            kinds = {"raise": "error", "oom": "out_of_memory", "short": "rubbish"}
            for number, (kind, counted) in enumerate(kinds.items()):
                engine.strike(Fault(kind))
                dice = random.Random(number)
                result = await talk(server.url, Manner(2, speed=100.0), number * 100, dice)
                assert not result.faults(), kind
                await seen.until("engine_faults_total", 1, kind=counted)
            await empty(server)
            await seen.look()
    assert engine.struck == 3
    assert seen("engine_serving", engine="0") == 1
    assert seen("sessions_total", transport="native", outcome="done") == 3
    assert seen("sessions_total", transport="native", outcome="failed") == 0


async def test_quotas_that_refuse_are_seen() -> None:
    quotas = {"handshakes_per_s": 0.001, "handshake_burst": 3}
    with serving(ChaosEngine(), quotas=quotas) as server:
        async with watching(server) as seen:
            refused = 0
            for _ in range(5):
                try:
                    async with client(server.url + "?language=en") as it:
                        await it.finish()
                except InvalidStatus as error:
                    assert error.response.status_code == 429
                    assert json.loads(error.response.body)["error"]["retry_after_ms"] > 0
                    refused += 1
            assert refused == 2
            await empty(server)
            await seen.look()
    assert seen("admission_refusals_total", reason="connections") == 2
    assert seen("quota_holders") >= 1
