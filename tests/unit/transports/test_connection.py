"""The pump around one socket, with a socket of our own: what it does when things break inside."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence

import pytest

from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import count_words
from streaming.errors import EngineFault, WirescribeError
from streaming.events import SpeechStarted
from streaming.principal import ANONYMOUS
from streaming.session import Session
from streaming.transports.codec import Aside, Command, Configure, Notice
from streaming.transports.connection import Connection
from streaming.transports.native import NativeCodec
from tests.protocol.sounds import encoded, speech, spoken
from tests.unit.transports.asgi import Socket, run, serving


async def test_a_whole_session() -> None:
    socket = Socket(subprotocols=["token.x", "wirescribe.v1"])
    async with serving() as service:
        running = run(socket, service)
        socket.says(spoken(800))
        socket.says('{"type":"end"}')
        await running
        assert not service.scheduler._sources
    assert socket.sent[0]["subprotocol"] == "wirescribe.v1"
    assert socket.transcript.text() == "w0 w1"
    assert socket.closed == (1000, "")
    assert service.slots.active == 0


async def test_an_error_is_said_before_the_close_which_repeats_its_code() -> None:
    socket = Socket("")
    async with serving() as service:
        running = run(socket, service)
        socket.says("?")
        await running
    assert [event["code"] for event in socket.transcript.events] == ["bad_message"]
    assert socket.closed == (4400, "bad_message")


async def test_a_message_that_is_neither_text_nor_binary() -> None:
    socket = Socket("")
    async with serving() as service:
        running = run(socket, service)
        socket._in.put_nowait({"type": "websocket.receive"})
        await running
    assert socket.closed == (4400, "bad_message")


async def test_no_place_left() -> None:
    socket = Socket()
    async with serving(max_sessions=1, admission={"max_waiting": 0}) as service:
        service.slots.take()
        await run(socket, service)
    assert socket.closed == (1013, "overloaded")
    assert service.slots.active == 1


class Faulty(NativeCodec):
    """A dialect with defects."""

    def __init__(self, where: str) -> None:
        self._where = where

    def binary(self, message: bytes) -> Sequence[Command]:
        if self._where == "read":
            raise ZeroDivisionError
        return super().binary(message)

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[str]:
        if self._where == "write" and isinstance(notice, SpeechStarted):
            raise ZeroDivisionError
        return super().write(notice, seq)


@pytest.mark.parametrize("where", ["read", "write"])
async def test_a_defect_in_a_dialect_is_an_internal_error(where: str) -> None:
    socket = Socket()
    async with serving() as service:
        running = run(socket, service, Faulty(where))
        socket.says(spoken(800))
        await running
        assert not service.scheduler._sources
    assert socket.closed == (1011, "internal")
    assert "ZeroDivision" not in json.dumps(socket.transcript.events)
    assert service.slots.active == 0


async def test_a_hypothesis_that_can_not_be_digested_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "work_done", fails)
    socket = Socket()
    async with serving() as service:
        running = run(socket, service)
        socket.says(spoken(1_000))
        await running
        assert not service.scheduler._sources
    assert socket.closed == (1011, "internal")
    assert service.slots.active == 0


async def test_a_client_that_left_is_forgotten() -> None:
    socket = Socket()
    async with serving(resume_ms=0) as service:
        running = run(socket, service)
        socket.says(spoken(1_000))
        await socket.heard("speech_started")
        socket.leaves()
        await running
        assert not service.scheduler._sources
    assert socket.closed is None
    assert service.slots.active == 0


async def test_a_client_that_is_gone_when_written_to_is_forgotten() -> None:
    socket = Socket()
    async with serving(resume_ms=0) as service:
        running = run(socket, service)
        await socket.heard("started")
        socket.gone = True
        socket.says(spoken(1_000))
        await running
        assert not service.scheduler._sources
    assert service.slots.active == 0


async def test_a_client_that_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.transports.connection._CLOSE_S", 0.01)
    socket = Socket()
    async with serving(outbox_messages=16, resume_ms=0) as service:
        running = run(socket, service)
        await socket.heard("started")
        socket.writable.clear()
        for _ in range(40):
            socket.says('{"type":"finalize"}')
        await running
        assert not service.scheduler._sources
    assert service.slots.active == 0


async def test_the_first_failure_is_the_one_that_is_told() -> None:
    socket = Socket()
    async with serving() as service:
        connection = Connection(socket.websocket, NativeCodec(), service)
        running = asyncio.create_task(connection.run())
        await socket.heard("started")
        assert connection._conversation is not None
        first: WirescribeError = EngineFault("first")
        connection._conversation.work_failed(first)
        connection._conversation.work_failed(WirescribeError("second"))
        await running
    assert socket.transcript.events[-1]["message"] == "first"


class Forgiving(NativeCodec):
    """A dialect that takes down what can't be configured, and goes on."""

    def __init__(self) -> None:
        self.forgiven: list[str | None] = []

    def forgive(self, command: Command, error: WirescribeError) -> Aside | None:
        return Aside(error.field) if isinstance(command, Configure) else None

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[str]:
        if not isinstance(notice, Aside):
            return super().write(notice, seq)
        self.forgiven.append(notice.what)
        return ()


async def test_what_is_forgiven_after_waiting_in_the_line_is_a_matter_of_its_message_only() -> None:
    socket, codec = Socket(), Forgiving()
    async with serving(max_sessions=1) as service:
        taken = await service.enter(ANONYMOUS, lambda position, eta_ms: None)
        running = run(socket, service, codec)
        await socket.heard("queued")
        audio = spoken(800)
        socket.says(audio[:9_000])
        socket.says('{"type":"configure","language":"xx"}')
        socket.says(audio[9_000:])
        socket.says('{"type":"end"}')
        await socket.drained()  # all of it is read while it waits
        taken.leave()
        await running
    assert codec.forgiven == ["language"]
    assert socket.transcript.text() == "w0 w1"
    assert socket.transcript.events[-1]["type"] == "ended"
    assert socket.closed == (1000, "")


async def test_partials_give_way_while_the_client_is_slow() -> None:
    """Newer ones replace what it has not read; the final comes in any case."""
    early, late = threading.Event(), threading.Event()

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            (late if request.end_sample >= 2_500 * 16 else early).set()
        return count_words(request)

    socket = Socket()
    async with serving(script) as service:
        running = run(socket, service)
        await socket.heard("started")
        socket.writable.clear()
        for heard in (early, late):  # one partial at least of the first half
            for _ in range(15):
                socket.says(encoded(speech(3_000)[:1_600]))
            assert await asyncio.to_thread(heard.wait, 20)
        socket.writable.set()
        socket.says('{"type":"end"}')
        await running
    assert socket.transcript.text() == "w0 w1 w2 w3 w4 w5 w6"
    revisions = [partial["revision"] for partial in socket.transcript.of("partial")]
    assert revisions == sorted(revisions)
    assert 0 < len(revisions) < revisions[-1]
