from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.server import serve

from streaming.client import (
    ClientError,
    ConnectError,
    ConnectionLostError,
    Ended,
    Event,
    Final,
    Finalized,
    MessageError,
    Partial,
    Queued,
    ServerError,
    Started,
    Stream,
    UsageError,
    connect,
)
from tests.support.scripted import STARTED, ScriptedSession, scripted_server


def partial(revision: int, text: str = "hello") -> dict[str, object]:
    return {
        "type": "partial",
        "segment": 0,
        "revision": revision,
        "channel": 0,
        "start_ms": 0,
        "end_ms": 500,
        "text": text,
        "committed": "",
        "tentative": text,
        "language": "en",
    }


FINAL = {
    "type": "final",
    "segment": 0,
    "channel": 0,
    "start_ms": 0,
    "end_ms": 900,
    "text": "hello there",
    "confidence": 0.9,
    "language": "en",
    "language_confidence": 1.0,
    "reason": "end",
    "words": [
        {"text": " hello", "start_ms": 0, "end_ms": 400, "confidence": 0.9},
        {"text": " there", "start_ms": 400, "end_ms": 900, "confidence": 0.9},
    ],
}


async def collect(stream: Stream) -> list[Event]:
    return [event async for event in stream]


async def test_a_session_from_start_to_end() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.send(partial(1))
        finalize = await session.until("finalize")
        await session.send(FINAL)
        await session.send({"type": "finalized", "id": finalize["id"], "through_ms": 1000})
        await session.finish(segments=1, words=2)

    async with scripted_server(script) as server:
        async with connect(server.url, language="en", token="secret") as stream:
            assert stream.started.session_id == "s-1"
            await stream.send(b"\x01\x00" * 16000)
            identifier = await stream.finalize()
            await stream.end()
            events = await collect(stream)
        session = server.sessions[0]

    assert session.headers["authorization"] == "Bearer secret"
    assert session.start["language"] == "en"
    assert bytes(session.audio) == b"\x01\x00" * 16000
    kinds = [type(event) for event in events]
    assert kinds == [Started, Partial, Final, Finalized, Ended]
    assert isinstance(events[3], Finalized)
    assert events[3].id == identifier
    assert events[-1] == Ended(audio_ms=1000, segments=1, words=2)
    assert stream.close_code == 1000


async def test_audio_is_cut_to_the_servers_largest_message() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin(STARTED | {"limits": {"max_message_bytes": 1000}})
        await session.finish()

    async with scripted_server(script) as server:
        async with connect(server.url) as stream:
            await stream.send(bytes(2500))
            await stream.end()
            await collect(stream)
        assert server.sessions[0].chunks == [1000, 1000, 500]


async def test_an_odd_number_of_bytes_and_any_buffer_type_go_through() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.finish()

    async with scripted_server(script) as server:
        async with connect(server.url) as stream:
            await stream.send(b"abc")
            await stream.send(bytearray(b"d"))
            await stream.send(memoryview(b"efgh").cast("h"))
            await stream.send(b"")
            await stream.end()
            await collect(stream)
        assert bytes(server.sessions[0].audio) == b"abcdefgh"


async def test_events_said_while_nobody_iterates_are_kept() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        for revision in range(200):
            await session.send(partial(revision))
        await session.finish()

    async with scripted_server(script) as server, connect(server.url) as stream:
        await stream.end()
        assert stream._carrier.socket is not None
        await stream._carrier.socket.wait_closed()
        events = await collect(stream)
    assert [event.revision for event in events if isinstance(event, Partial)] == list(range(200))


async def test_a_full_queue_holds_the_server_back_and_loses_nothing() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        for revision in range(300):
            await session.send(partial(revision))
        await session.finish()

    async with scripted_server(script) as server, connect(server.url, max_events=4) as stream:
        await stream.end()
        await asyncio.sleep(0.05)
        assert stream._inbox.waiting == 4 + 1  # and the one that waits for room
        events = await collect(stream)
    revisions = [event.revision for event in events if isinstance(event, Partial)]
    assert revisions == list(range(300))
    assert isinstance(events[-1], Ended)


@pytest.mark.parametrize("max_events", [1, 2, 3])
async def test_the_end_is_seen_however_full_the_queue_was(max_events: int) -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.send(partial(1))
        await session.finish()

    async with (
        scripted_server(script) as server,
        connect(server.url, max_events=max_events) as stream,
    ):
        await stream.end()
        events = await collect(stream)
        again = await collect(stream)
    assert [type(event) for event in events] == [Started, Partial, Ended]
    assert again == []


async def test_an_error_is_raised_after_the_events_before_it() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.send(FINAL)
        await session.send(
            {
                "type": "error",
                "code": "overloaded",
                "message": "no room",
                "retryable": True,
                "retry_after_ms": 2000,
            }
        )
        await session.socket.close(1013)

    events: list[Event] = []
    async with scripted_server(script) as server, connect(server.url, reconnect=False) as stream:
        with pytest.raises(ServerError) as caught:
            async for event in stream:
                events.append(event)
        with pytest.raises(ServerError):
            await stream.send(b"\0\0")
    error = caught.value
    assert [type(event) for event in events] == [Started, Final]
    assert (error.code, error.retryable, error.retry_after_ms) == ("overloaded", True, 2000)
    assert error.close_code == 1013
    assert str(error) == "no room"


async def test_a_refusal_of_start_is_raised_by_connect() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.socket.recv()
        await session.send(
            {"type": "error", "code": "bad_configuration", "message": "language 'xx'"}
        )
        await session.socket.close(4422)

    async with scripted_server(script) as server:
        with pytest.raises(ServerError) as caught:
            async with connect(server.url, language="xx"):
                pytest.fail("no session")
    assert (caught.value.code, caught.value.close_code) == ("bad_configuration", 4422)
    assert not caught.value.retryable


async def test_waiting_for_a_place_comes_before_started() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.socket.recv()
        await session.send({"type": "queued", "position": 2, "eta_ms": 1500})
        await session.send(STARTED)
        await session.finish()

    async with scripted_server(script) as server, connect(server.url) as stream:
        await stream.end()
        events = await collect(stream)
    assert events[0] == Queued(position=2, eta_ms=1500)
    assert isinstance(events[1], Started)


@pytest.mark.parametrize(("code", "retryable"), [(1012, True), (1011, True), (4408, False)])
async def test_a_close_without_a_word_is_a_lost_connection(code: int, retryable: bool) -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.socket.close(code)

    async with scripted_server(script) as server, connect(server.url, reconnect=False) as stream:
        with pytest.raises(ConnectionLostError) as caught:
            await collect(stream)
    assert (caught.value.close_code, caught.value.retryable) == (code, retryable)


async def test_a_clean_close_without_ended_is_a_lost_connection() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.socket.close(1000)

    async with scripted_server(script) as server, connect(server.url, reconnect=False) as stream:
        with pytest.raises(ConnectionLostError) as caught:
            await collect(stream)
    assert caught.value.close_code == 1000


async def test_a_cut_cable_is_1006() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        session.socket.transport.abort()

    async with scripted_server(script) as server, connect(server.url, reconnect=False) as stream:
        with pytest.raises(ConnectionLostError) as caught:
            await collect(stream)
    assert (caught.value.close_code, caught.value.retryable) == (1006, True)


async def test_a_server_that_speaks_nonsense_is_told_so() -> None:
    codes: list[int | None] = []

    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.socket.send("{")
        await session.socket.wait_closed()
        codes.append(session.socket.close_code)

    async with scripted_server(script) as server, connect(server.url) as stream:
        with pytest.raises(MessageError):
            await collect(stream)
    assert codes == [1002]


async def test_unknown_events_are_passed_over() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.send({"type": "weather", "degrees": 21})
        await session.finish()

    async with scripted_server(script) as server, connect(server.url) as stream:
        await stream.end()
        assert [type(event) for event in await collect(stream)] == [Started, Ended]


async def test_send_after_end_is_refused_and_end_may_be_repeated() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.finish()

    async with scripted_server(script) as server:
        async with connect(server.url) as stream:
            await stream.end()
            await stream.end()
            with pytest.raises(UsageError):
                await stream.send(b"\0\0")
            await collect(stream)
        assert [text["type"] for text in server.sessions[0].texts] == ["end"]


async def test_leaving_the_block_closes_the_socket() -> None:
    closed: list[int | None] = []

    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.socket.wait_closed()
        closed.append(session.socket.close_code)

    async with scripted_server(script) as server, connect(server.url) as stream:
        await stream.send(bytes(320))
    assert closed == [1000]


async def test_nobody_listening() -> None:
    async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
    with pytest.raises(ConnectError) as caught:
        async with connect(f"ws://127.0.0.1:{port}"):
            pytest.fail("no session")
    assert caught.value.retryable
    assert isinstance(caught.value, ClientError)


@pytest.mark.parametrize(("status", "retryable"), [(403, False), (503, True)])
async def test_an_upgrade_answered_with_an_http_status(status: int, retryable: bool) -> None:
    def refuse(connection: object, request: object) -> object:
        from websockets.asyncio.server import ServerConnection

        assert isinstance(connection, ServerConnection)
        response = connection.respond(status, "no\n")
        response.headers["Retry-After"] = "3"
        return response

    async with serve(
        lambda socket: socket.wait_closed(),
        "127.0.0.1",
        0,
        process_request=refuse,  # type: ignore[arg-type]
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(ConnectError) as caught:
            async with connect(f"http://127.0.0.1:{port}/"):
                pytest.fail("no session")
    assert caught.value.http_status == status
    assert caught.value.retryable is retryable
    assert caught.value.retry_after_ms == 3000


async def test_settings_change_and_idle_sessions_stay_open() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.finish()

    async with scripted_server(script) as server:
        async with connect(server.url) as stream:
            await stream.keepalive()
            await stream.configure(language="de", hotwords=["Kowloon"])
            assert await stream.finalize("mine") == "mine"
            assert await stream.finalize() == "2"
            await stream.end()
            await collect(stream)
        assert server.sessions[0].texts == [
            {"type": "keepalive"},
            {"type": "configure", "language": "de", "hotwords": ["Kowloon"]},
            {"type": "finalize", "id": "mine"},
            {"type": "finalize", "id": "2"},
            {"type": "end"},
        ]
