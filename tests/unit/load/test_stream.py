from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from load.schedule import Cut, Schedule
from load.stream import Deafness, Session, play
from load.trace import Trace
from load.wire import WireFormat
from streaming.client import Ended, Final, Finalized, Options, Partial, Started
from tests.support.scripted import ScriptedSession, scripted_server

RATE = 16000
BEGIN_S = 100.0


class ScriptClock:
    """Stands still until somebody sleeps, then jumps; ``slow`` wakes up so much too late."""

    def __init__(self, slow: float = 0.0) -> None:
        self._now = BEGIN_S - 1.0
        self._slow = slow

    def now(self) -> float:
        return self._now

    async def sleep_until(self, moment_s: float) -> None:
        # Real time passes for the socket, none on this clock.
        await asyncio.sleep(0.002)
        self._now = max(self._now, moment_s + self._slow)


def session(url: str, seconds: float = 2.0, **changes: float) -> Session:
    frames = round(seconds * RATE)
    return Session(
        url=url,
        audio=bytes(range(256)) * (frames * 2 // 256),
        format=WireFormat(),
        schedule=Schedule(BEGIN_S, frames, RATE, RATE // 10, changes.get("speed", 1.0)),
        options=Options(language="en", silence_ms=500),
        drain_s=changes.get("drain_s", 10.0),
    )


async def finalizes(session: ScriptedSession) -> None:
    """Answers every ``finalize``."""
    await session.begin()
    while True:
        message = await session.receive()
        if isinstance(message, dict) and message["type"] == "finalize":
            heard_ms = len(session.audio) // 32
            await session.send({"type": "finalized", "id": message["id"], "through_ms": heard_ms})
        elif isinstance(message, dict):
            break
    await session.finish()


async def test_a_finalize_follows_each_utterance_and_nothing_is_sent_meanwhile() -> None:
    cuts = (Cut(RATE // 2, pause_s=3.0, finalize=True), Cut(RATE, finalize=True))
    given = session("", seconds=1.0)
    schedule = replace(given.schedule, cuts=cuts)
    async with scripted_server(finalizes) as server:
        trace = await run(replace(given, url=server.url, schedule=schedule))
    assert trace.failure is None
    assert [(asked.id, asked.stream_s) for asked in trace.finalizes] == [("1", 0.5), ("2", 1.0)]
    assert [asked.at_s for asked in trace.finalizes] == pytest.approx([0.5, 4.0])
    answers = [item.event for item in trace.heard if isinstance(item.event, Finalized)]
    assert [(answer.id, answer.through_ms) for answer in answers] == [("1", 500), ("2", 1000)]
    assert trace.spoken_at(0.5) == 0.5
    assert trace.spoken_at(0.75) == 3.75


async def test_audio_shorter_than_its_timetable_is_played_over_and_over() -> None:
    given = session("", seconds=0.25)
    lap = given.audio
    schedule = replace(given.schedule, frames=round(0.85 * RATE))

    async def listens(session: ScriptedSession) -> None:
        await session.begin()
        await session.finish()

    async with scripted_server(listens) as server:
        trace = await run(replace(given, url=server.url, schedule=schedule))
        heard = bytes(server.sessions[0].audio)
    assert trace.failure is None
    assert heard == (lap * 4)[: round(0.85 * RATE) * 2]
    assert trace.sent_s == pytest.approx(0.85)


async def test_a_client_that_stops_reading_reads_its_end() -> None:
    given = replace(session(""), deaf=Deafness(0.1))
    async with scripted_server(word_by_word) as server:
        trace = await run(replace(given, url=server.url))
    assert trace.failure is None
    texts = [item.at_s for item in trace.heard if isinstance(item.event, Partial)]
    # Said after half a second and more, read when all had been sent.
    assert len(texts) == 3
    assert all(at_s >= 2.0 - 1e-9 for at_s in texts)


async def test_what_is_not_this_protocol_is_a_failure() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.socket.send("[1, 2")
        await session.finish()

    async with scripted_server(script) as server:
        trace = await run(session(server.url))
    assert trace.failure is not None
    assert trace.failure.code == "bad_server_message"


def text_event(kind: str, segment: int, text: str, **more: object) -> dict[str, object]:
    common = {"segment": segment, "channel": 0, "start_ms": 0, "end_ms": 900, "text": text}
    return {"type": kind, **common, **more}


async def word_by_word(session: ScriptedSession) -> None:
    """Says a word after each half second of audio, then the final."""
    await session.begin()
    words = ["one", "two", "three"]
    for count in range(1, 4):
        await session.until_bytes(count * RATE)
        text = " ".join(words[:count])
        more = {"revision": count, "committed": "", "tentative": text}
        await session.send(text_event("partial", 0, text, **more))
    await session.until("end")
    await session.send(text_event("final", 0, " ".join(words), reason="end"))
    await session.finish(segments=1, words=3)


async def run(given: Session, slow: float = 0.0) -> Trace:
    return await play(given, ScriptClock(slow))


async def test_everything_is_sent_and_everything_heard() -> None:
    async with scripted_server(word_by_word) as server:
        given = session(server.url)
        trace = await run(given)
        heard = server.sessions[0]
    assert trace.failure is None
    assert trace.close_code == 1000
    assert bytes(heard.audio) == given.audio
    assert heard.chunks == [3200] * 20
    assert heard.start["endpointing"] == {"silence_ms": 500}
    assert heard.start["language"] == "en"
    assert (trace.sent_bytes, trace.sent_s) == (64000, 2.0)
    kinds = [type(item.event) for item in trace.heard]
    assert kinds == [Started, Partial, Partial, Partial, Final, Ended]


async def test_arrivals_are_on_the_timetable_and_in_order() -> None:
    async with scripted_server(word_by_word) as server:
        trace = await run(session(server.url))
    texts = [item for item in trace.heard if isinstance(item.event, Partial)]
    for item, spoken_s in zip(texts, (0.5, 1.0, 1.5), strict=True):
        # The clock stands at a chunk's due time: never before the audio it answers.
        assert item.at_s >= spoken_s - 1e-9
    arrivals = [item.at_s for item in trace.heard]
    assert arrivals == sorted(arrivals)
    assert trace.end_sent_at_s == pytest.approx(2.0)


async def test_a_punctual_harness_is_not_late_and_a_slow_one_says_so() -> None:
    async with scripted_server(word_by_word) as server:
        punctual = await run(session(server.url))
        late = await run(session(server.url), slow=0.25)
    assert punctual.lateness_s == tuple([0.0] * 20)
    assert late.lateness_s == pytest.approx([0.25] * 20)


async def test_a_refusal_is_part_of_the_trace() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.socket.recv()
        await session.send({"type": "error", "code": "overloaded", "message": "full"})
        await session.socket.close(1013)

    async with scripted_server(script) as server:
        trace = await run(session(server.url))
    assert trace.failure is not None
    assert (trace.failure.code, trace.failure.close_code) == ("overloaded", 1013)
    assert (trace.sent_bytes, trace.end_sent_at_s, trace.heard) == (0, None, ())


async def test_what_was_said_before_a_failure_is_kept() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.until_bytes(RATE)
        await session.send(text_event("final", 0, "one"))
        await session.send({"type": "error", "code": "internal", "message": "a defect"})
        await session.socket.close(1011)

    async with scripted_server(script) as server:
        trace = await run(session(server.url, seconds=5.0))
    assert trace.failure is not None
    assert trace.failure.code == "internal"
    assert trace.close_code == 1011
    assert [type(item.event) for item in trace.heard] == [Started, Final]


async def test_a_server_that_never_ends_is_left() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.until("end")
        await session.socket.wait_closed()

    async with scripted_server(script) as server:
        trace = await run(session(server.url, drain_s=0.05))
    assert trace.failure is not None
    assert trace.failure.code == "drain_timeout"


async def test_nobody_there() -> None:
    async with scripted_server(word_by_word) as server:
        url = server.url
    trace = await run(session(url))
    assert trace.failure is not None
    assert trace.failure.code == "connect_failed"
