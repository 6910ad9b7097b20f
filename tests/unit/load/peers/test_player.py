from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.asyncio.server import ServerConnection

from load.clock import MonotonicClock
from load.peers.dialect import Dialect
from load.peers.display import Played
from load.peers.player import PeerSession, play_peer
from load.peers.whisperlive import WhisperLive
from load.peers.whisperlivekit import WhisperLiveKit
from load.schedule import Schedule
from load.wire import WireFormat
from tests.unit.load.peers.scripted_peers import (
    SENTENCE,
    Handler,
    full,
    say,
    scripted,
    segment,
    state,
    whisperlive,
    whisperlivekit,
)

RATE = 16000
SECONDS = 3.2
SPEED = 20.0


async def play(handler: Handler, dialect: Dialect, *, drain_s: float = 20.0) -> Played:
    frames = round(SECONDS * RATE)
    clock = MonotonicClock()
    schedule = Schedule(clock.now() + 0.1, frames, RATE, RATE // 10, SPEED)
    session = PeerSession(bytes(frames * 2), WireFormat(), schedule, ready_s=5.0, drain_s=drain_s)
    async with scripted(handler) as url:
        return await play_peer(url, dialect, session, clock)


def live(patience_s: float = 0.05) -> WhisperLive:
    return WhisperLive("en", uid="u", patience_s=patience_s)


async def test_whisperlive_is_played_to_its_end() -> None:
    played = await play(whisperlive, live())
    assert played.failure is None
    assert played.close_code == 1000
    assert (played.sent_s, len(played.lateness_s)) == (SECONDS, 32)
    assert [display.text for display in played.displays] == [
        " ".join(SENTENCE.split()[:count]) for count in range(1, 7)
    ]
    last = played.displays[-1]
    assert (last.final, last.tentative) == ("the mill stands by the", "river")


async def test_whisperlivekit_is_played_to_its_end() -> None:
    played = await play(whisperlivekit, WhisperLiveKit("en"))
    assert played.failure is None
    assert played.close_code == 1000
    last = played.displays[-1]
    assert (last.promised, last.tentative) == ("the mill stands by the river", "")
    assert played.displays[-2].tentative == "river"


async def test_every_chunk_arrives_in_order() -> None:
    arrived = bytearray()

    async def keeps(socket: ServerConnection) -> None:
        await say(socket, type="config")
        async for chunk in socket:
            assert isinstance(chunk, bytes)
            arrived.extend(chunk)
            if not chunk:
                await say(socket, type="ready_to_stop")

    frames = 1600
    audio = bytes(range(256)) * (frames * 2 // 256)
    clock = MonotonicClock()
    schedule = Schedule(clock.now(), frames, RATE, 700, SPEED)
    session = PeerSession(audio, WireFormat(), schedule)
    async with scripted(keeps) as url:
        played = await play_peer(url, WhisperLiveKit(None), session, clock)
    assert bytes(arrived) == audio[: len(arrived)]
    assert len(arrived) == played.sent_bytes == len(audio)


async def test_a_full_server_is_a_failure_of_the_session() -> None:
    played = await play(full, live())
    assert played.failure is not None
    assert (played.failure.code, played.failure.message) == ("refused", "WAIT: 9.5")
    assert played.sent_bytes == 0


async def test_texts_survive_a_server_that_breaks_off() -> None:
    async def breaks_off(socket: ServerConnection) -> None:
        hello = json.loads(await socket.recv())
        await say(socket, uid=hello["uid"], message="SERVER_READY")
        await socket.recv()
        await say(socket, uid=hello["uid"], segments=[segment(0.0, 1.0, "the mill", False)])
        await socket.close(1011, "keepalive ping timeout")

    played = await play(breaks_off, live())
    assert played.failure is not None
    assert (played.failure.code, played.failure.close_code) == ("connection_lost", 1011)
    assert [display.text for display in played.displays] == ["the mill"]


async def test_a_server_that_closes_in_good_order_before_the_end_has_failed_too() -> None:
    async def leaves(socket: ServerConnection) -> None:
        await say(socket, type="config")
        await socket.recv()
        await say(socket, **state("the mill", ""))

    played = await play(leaves, WhisperLiveKit(None))
    assert played.failure is not None
    assert played.failure.code == "connection_lost"
    assert played.displays[-1].text == "the mill"


async def test_a_server_that_never_says_it_is_done_runs_into_the_bound() -> None:
    async def silent(socket: ServerConnection) -> None:
        await say(socket, type="config")
        async for _ in socket:
            pass

    played = await play(silent, WhisperLiveKit(None), drain_s=0.2)
    assert played.failure is not None
    assert played.failure.code == "drain_timeout"
    assert played.sent_s == SECONDS


async def test_a_server_that_is_never_ready_runs_into_the_bound() -> None:
    async def deaf(socket: ServerConnection) -> None:
        await socket.wait_closed()

    clock = MonotonicClock()
    schedule = Schedule(clock.now(), 1600, RATE, 160)
    session = PeerSession(bytes(3200), WireFormat(), schedule, ready_s=0.2)
    async with scripted(deaf) as url:
        played = await play_peer(url, live(), session, clock)
    assert played.failure is not None
    assert played.failure.code == "not_ready"
    assert played.sent_bytes == 0


@pytest.mark.parametrize(
    "said",
    ["[1, 2]", "no JSON", json.dumps({"lines": ["a line"]}), json.dumps({"lines": [{"text": 1}]})],
)
async def test_what_is_no_message_of_the_protocol_is_a_failure(said: str) -> None:
    async def mad(socket: ServerConnection) -> None:
        await say(socket, type="config")
        await socket.send(said)
        async for _ in socket:  # else its buffer fills, and neither side can close
            pass

    played = await play(mad, WhisperLiveKit(None))
    assert played.failure is not None
    assert played.failure.code == "bad_server_message"


async def test_nobody_listening_is_a_failure() -> None:
    async with scripted(full) as url:
        pass
    clock = MonotonicClock()
    session = PeerSession(b"", WireFormat(), Schedule(clock.now(), 0, RATE, 160))
    played = await play_peer(url, live(), session, clock)
    assert played.failure is not None
    assert played.failure.code == "connection_failed"


async def test_the_farewell_waits_while_new_text_still_comes() -> None:
    """As WhisperLive's own client does: the server drops what it hasn't decoded at the farewell."""

    farewells: list[str | bytes] = []

    async def thinks(socket: ServerConnection) -> None:
        hello = json.loads(await socket.recv())
        await say(socket, uid=hello["uid"], message="SERVER_READY")
        heard = 0
        while heard < round(SECONDS * RATE) * 2:
            heard += len(await socket.recv())
        for count in (1, 2, 3):
            text = " ".join(SENTENCE.split()[:count])
            await say(socket, uid=hello["uid"], segments=[segment(0.0, 1.0, text, False)])
            with suppress(TimeoutError):
                farewells.append(await asyncio.wait_for(socket.recv(), 0.1))
        farewells.append(await socket.recv())

    played = await play(thinks, live(patience_s=0.8))
    assert played.displays[-1].text == "the mill stands"
    assert farewells == [b"END_OF_AUDIO"]
