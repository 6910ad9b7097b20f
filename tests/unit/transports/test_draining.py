"""Going down: what a connection does for its client before it asks it to come back."""

from __future__ import annotations

import asyncio

import pytest

from streaming.engine.fake import count_words
from streaming.transports import pause
from tests.protocol.sounds import spoken
from tests.support.work import Gate
from tests.unit.transports.asgi import Socket, run, serving


@pytest.fixture(autouse=True)
def soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients here send no more: that is known sooner than of real ones."""
    monkeypatch.setattr(pause, "QUIET_S", 0.05)


async def test_drain_warns_finishes_and_asks_to_come_back() -> None:
    socket = Socket()
    async with serving() as service:
        running = run(socket, service)
        socket.says(spoken(1_000))
        await socket.heard("speech_started")
        await service.drain(20)
        await running
    kinds = [event["type"] for event in socket.transcript.events]
    assert kinds.index("warning") < kinds.index("final") < kinds.index("error")
    assert socket.closed == (1012, "restarting")


async def test_drain_before_a_session_has_begun() -> None:
    socket = Socket("")
    async with serving() as service:
        running = run(socket, service)
        await socket.until(lambda: socket.sent)
        await asyncio.sleep(0)
        await service.drain(20)
        await running
    assert [event["type"] for event in socket.transcript.events] == ["error"]
    assert socket.closed == (1012, "restarting")


async def test_drain_does_not_spoil_an_end_that_is_on_its_way() -> None:
    gate = Gate(count_words, silence=False)
    socket = Socket("language=en&partials=false")
    async with serving(gate) as service:
        running = run(socket, service)
        socket.says(spoken(800))
        socket.says('{"type":"end"}')
        await socket.heard("speech_ended")
        draining = asyncio.create_task(service.drain(20))
        await socket.heard("warning")
        gate.open()
        await running
        await draining
    assert socket.transcript.events[-1]["type"] == "ended"
    assert socket.closed == (1000, "")


async def test_drain_gives_up_on_an_engine_that_hangs() -> None:
    gate = Gate(count_words, silence=False)
    socket = Socket()
    try:
        async with serving(gate) as service:
            running = run(socket, service)
            socket.says(spoken(1_000))
            await socket.heard("speech_started")
            await service.drain(0.01)
            await running
            assert socket.closed == (1012, "restarting")
            gate.open()
    finally:
        gate.open()


async def test_drain_does_not_wait_for_a_client_that_has_left() -> None:
    gate = Gate(count_words, silence=False)
    socket = Socket()
    try:
        async with serving(gate) as service:
            running = run(socket, service)
            socket.says(spoken(1_000))
            await socket.heard("speech_started")
            draining = asyncio.create_task(service.drain(3_600))
            await socket.heard("warning")
            socket.leaves()
            async with asyncio.timeout(20):
                await draining
            await running
            gate.open()
    finally:
        gate.open()
