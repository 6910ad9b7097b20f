"""Who gets in, who waits and who is turned away, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.harness import Running, client, empty, serves_on, serving
from tests.protocol.sounds import spoken

pytestmark = pytest.mark.timeout(60)


def page_of(server: Running) -> dict[str, str]:
    return {"Origin": server.http}


@pytest.fixture
def small() -> Iterator[Running]:
    """One place, and one who may wait for it."""
    with serving(limits={"max_sessions": 1}, admission={"max_waiting": 1}) as server:
        yield server


async def waiting(server: Running, count: int) -> None:
    async with asyncio.timeout(10):
        while server.service.admission.waiting != count:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


async def ready(server: Running) -> tuple[int, str]:
    async with httpx2.AsyncClient(trust_env=False) as web:
        answer = await web.get(server.http + "/readyz")
        return answer.status_code, answer.text.strip()


async def test_who_finds_no_place_waits_and_then_loses_nothing(small: Running) -> None:
    url = small.url + "?language=en"
    async with client(url) as one, client(url) as two:
        await one.until("started")
        queued = await two.until("queued")
        assert queued["position"] == 1
        assert await ready(small) == (503, "full")
        await two.send(spoken(1_200, then_silent_ms=1_000))  # it has not read what it was told
        async with httpx2.AsyncClient(trust_env=False) as web:
            told = (await web.get(small.http + "/health")).json()
        assert told["sessions"] == {"active": 1, "waiting": 1, "capacity": 1}
        await one.finish()
        await two.until("started")
        transcript = await two.finish()
    assert transcript.text() == "w0 w1 w2"
    await empty(small)
    assert await ready(small) == (200, "ready")
    metrics = small.service.metrics
    assert metrics.value("admission_wait_seconds_count") == 2
    assert metrics.value("admission_wait_seconds_bucket", le="0.0") == 1


async def test_end_leaves_the_line(small: Running) -> None:
    async with client(small.url + "?language=en") as one, client(small.url) as two:
        await one.until("started")
        await two.say("start", language="en")
        await two.until("queued")
        transcript = await two.finish()
        assert [event["type"] for event in transcript.events] == ["queued", "ended"]
        assert small.service.admission.waiting == 0
        await one.finish()


async def test_going_leaves_the_line(small: Running) -> None:
    async with client(small.url + "?language=en") as one:
        await one.until("started")
        async with client(small.url + "?language=en") as two:
            await two.until("queued")
        await waiting(small, 0)
        await one.finish()
    assert small.service.metrics.value("admission_refusals_total", reason="left") == 1
    await serves_on(small)


async def test_beyond_the_line_a_program_gets_503_and_a_page_an_error(small: Running) -> None:
    url = small.url + "?language=en"
    async with client(url) as one, client(url) as two:
        await one.until("started")
        await two.until("queued")
        with pytest.raises(InvalidStatus) as caught:
            async with client(url):
                pass
        response = caught.value.response
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1
        async with client(url, additional_headers=page_of(small)) as page:
            error = await page.refused("overloaded")
        assert error["retry_after_ms"] >= 1_000
        await one.finish()
        await two.until("started")
        await two.finish()
    await serves_on(small)


async def test_going_down_tells_those_who_wait(small: Running) -> None:
    url = small.url + "?language=en"
    async with client(url) as one, client(url) as two:
        await one.until("started")
        await two.until("queued")
        drained = asyncio.create_task(small.call(small.service.drain(10)))
        await two.refused("restarting")
        await one.refused("restarting")
        await drained
        with pytest.raises(InvalidStatus) as caught:
            async with client(url):
                pass
        assert caught.value.response.status_code == 503


async def test_an_address_that_knocks_too_often() -> None:
    quotas = {"handshakes_per_s": 0.01, "handshake_burst": 2}
    with serving(quotas=quotas) as server:
        async with client(server.url + "?language=en") as one:
            await one.finish()
        async with client(server.url + "?language=en") as two:
            await two.finish()
        with pytest.raises(InvalidStatus) as caught:
            async with client(server.url):
                pass
        response = caught.value.response
        assert response.status_code == 429
        assert int(response.headers["Retry-After"]) > 1
        assert response.headers["RateLimit-Policy"] == '"connections";q=2;w=200'
        assert response.headers["RateLimit"].startswith('"connections";r=0;t=')
        async with client(server.url, additional_headers=page_of(server)) as page:
            error = await page.refused("quota_exceeded")
        assert error["field"] == "connections"


async def test_an_hours_audio_of_an_address_is_told_and_held() -> None:
    with serving(quotas={"audio_s_per_hour_per_address": 2}) as server:
        async with client(server.url + "?language=en") as it:
            limits = (await it.until("started"))["limits"]
            assert limits["audio_ms_per_hour"] == limits["audio_ms_left"] == 2_000
            await it.send(spoken(1_200, then_silent_ms=800))
            await it.send(spoken(200))
            error = await it.refused("quota_exceeded")
        assert error["field"] == "audio"
        assert it.transcript.text() == "w0 w1 w2"  # what was within it is decoded
        with pytest.raises(InvalidStatus) as caught:
            async with client(server.url):
                pass
        assert caught.value.response.status_code == 429
        assert '"address-audio";r=0' in caught.value.response.headers["RateLimit"]


async def test_sessions_of_an_address() -> None:
    with serving(quotas={"sessions_per_address": 1}) as server:
        url = server.url + "?language=en"
        async with client(url) as one:
            assert (await one.until("started"))["limits"]["max_sessions"] == 1
            with pytest.raises(InvalidStatus) as caught:
                async with client(url):
                    pass
            assert caught.value.response.status_code == 429
            await one.finish()
        await empty(server)
        async with client(url) as two:
            await two.finish()


async def test_two_hundred_silent_sessions_are_let_in_and_one_speaks() -> None:
    with serving() as server:
        async with contextlib.AsyncExitStack() as stack:
            opened = [client(server.url + "?language=en") for _ in range(200)]
            crowd = [await stack.enter_async_context(each) for each in opened]
            for each in crowd:
                await each.until("started")
            assert server.service.slots.active == 200
            await crowd[7].send(spoken(1_200, then_silent_ms=1_000))
            await crowd[7].until("final")
            await asyncio.gather(*(each.finish() for each in crowd))
        await empty(server)
        assert server.service.slots.active == 0
