from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from load import run
from load.layouts import looped
from load.programme import Programme, Utterance
from load.run import Plan, execute
from load.sampler import Moment
from load.sections import SlowReaders, Storm
from load.wire import WireFormat
from streaming.client import Options
from tests.support.scripted import ScriptedSession, scripted_server_thread

RATE = 16000


def programme(name: str, seconds: float = 2.0) -> Programme:
    said = tuple(
        Utterance("f", "s", 0, at, at + 1.0, "hello", ("hello",), (at + 0.5,)) for at in (0.0, 1.0)
    )
    samples = np.zeros((1, 2 * RATE), np.float32)
    return looped(Programme(name, WireFormat(), samples, said, "en"), seconds)


def plan(url: str, *programmes: Programme, **changes: object) -> Plan:
    base = Plan(
        url=url,
        programmes=programmes,
        options=Options(),
        at_once=len(programmes),
        speed=20.0,
        phase_s=0.0,
        server_pid=os.getpid(),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server here needs long to be connected to."""
    monkeypatch.setattr(run, "_LEAD_S", 0.2)


async def in_good_order(session: ScriptedSession) -> None:
    await session.begin()
    await session.finish()


async def test_nothing_but_loopback_and_at_least_one_stream() -> None:
    with pytest.raises(ValueError, match="only a server on this machine"):
        plan("ws://192.0.2.1/")
    with pytest.raises(ValueError, match="0 streams"):
        plan("ws://127.0.0.1/", at_once=0)


def test_streams_are_scored_and_the_machine_is_watched() -> None:
    seen: list[Moment] = []
    with scripted_server_thread(in_good_order) as url:
        result = execute(plan(url, programme("a"), programme("b")), on_moment=seen.append)
    assert [score.name for score in result.scores] == ["a", "b"]
    assert all(score.ok and score.counted_ms == 2000 for score in result.scores)
    assert result.summary.failed == 0
    assert result.summary.cost is not None  # of this very process
    assert len(seen) == len(result.moments) >= 2
    assert result.wall_s > 0
    assert result.server is None  # the script knows no /health
    assert result.stages is None


def test_a_session_that_fails_is_followed_by_one_for_the_rest() -> None:
    broken = 0

    async def script(session: ScriptedSession) -> None:
        nonlocal broken
        await session.begin()
        if not broken:
            broken += 1
            await session.until_bytes(2 * RATE * 3)
            await session.send({"type": "error", "code": "internal", "message": "a defect"})
            await session.socket.close(1011)
        else:
            await session.finish()

    long = programme("long", seconds=12.0)
    with scripted_server_thread(script) as url:
        result = execute(plan(url, long, reopen=True))
    first, second = result.scores
    assert first.failure is not None
    assert first.failure.code == "internal"
    assert second.ok
    assert second.begin_s > first.begin_s
    # To the end of the utterance in which what was left unsaid is reached.
    assert second.sent_s >= 12.0 - first.sent_s
    assert result.summary.failed == 1
    with scripted_server_thread(script) as url:
        broken = 0
        assert len(execute(plan(url, long)).scores) == 1


def test_a_storm_and_slow_readers_beside_the_others() -> None:
    with scripted_server_thread(in_good_order) as url:
        result = execute(
            plan(
                url,
                programme("a"),
                programme("b"),
                storm=Storm(per_s=50.0, seconds=0.1, begin_s=0.0, hold_s=0.0),
                slow_readers=SlowReaders(streams=1, from_s=0.5),
            )
        )
    assert result.storm is not None
    assert (result.storm.attempted, result.storm.accepted) == (5, 5)
    assert sorted(score.slow for score in result.scores) == [False, True]
    assert result.summary.slow is not None
    assert result.summary.slow.ended == 1
    assert result.summary.audio_s == 2.0
