from __future__ import annotations

from load.clock import MonotonicClock
from load.sections import Storm
from load.storm import storm, sum_up
from streaming.client import Options
from tests.support.scripted import ScriptedSession, scripted_server


async def test_every_knock_is_accepted_refused_or_failed() -> None:
    count = 0

    async def script(session: ScriptedSession) -> None:
        nonlocal count
        count += 1
        if count % 4 == 1:
            await session.begin()
            await session.finish()
        elif count % 4 == 2:
            await session.socket.recv()
            full = {"type": "error", "code": "overloaded", "message": "full"}
            await session.send({**full, "retry_after_ms": 100})
            await session.socket.close(1013)
        elif count % 4 == 3:
            await session.begin()
            await session.socket.close(1000)  # without `ended`
        else:
            await session.socket.recv()
            await session.send({"type": "error", "code": "internal", "message": "a defect"})
            await session.socket.close(1011)

    clock = MonotonicClock()
    wanted = Storm(per_s=200.0, seconds=0.1, begin_s=3.0, hold_s=0.0)
    async with scripted_server(script) as server:
        knocks = await storm(server.url, wanted, Options(), clock.now(), clock)
    report = sum_up(knocks, wanted)
    assert (report.attempted, report.accepted, report.refused, report.failed) == (20, 5, 5, 10)
    assert report.codes == {"overloaded": 5, "connection_lost": 5, "internal": 5}
    assert report.accept_s is not None
    assert report.accept_s.count == 5
    assert (report.begin_s, report.end_s) == (3.0, 3.1)


async def test_nobody_there() -> None:
    async with scripted_server(lambda session: session.begin()) as server:
        url = server.url
    clock = MonotonicClock()
    wanted = Storm(per_s=100.0, seconds=0.1, begin_s=0.0, hold_s=0.0)
    report = sum_up(await storm(url, wanted, Options(), clock.now(), clock), wanted)
    assert (report.attempted, report.failed) == (10, 10)
    assert report.codes == {"connect_failed": 10}
