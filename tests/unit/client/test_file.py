"""Files through a scripted server, with an event loop and without."""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from streaming.client import (
    ClientError,
    Ended,
    Event,
    Final,
    RecordingError,
    ServerError,
    Started,
    transcribe_file,
    transcribe_file_sync,
)
from streaming.client.recording import Recording
from tests.support.scripted import Script, ScriptedSession, scripted_server_thread

FINAL = {"type": "final", "segment": 0, "channel": 0, "start_ms": 0, "end_ms": 90, "text": "Hello."}

Transcribe = Callable[..., list[Event]]


def with_a_loop(*given: Any, **wishes: Any) -> list[Event]:
    async def events() -> list[Event]:
        return [event async for event in transcribe_file(*given, **wishes)]

    return asyncio.run(events())


def without(*given: Any, **wishes: Any) -> list[Event]:
    return list(transcribe_file_sync(*given, **wishes))


both = pytest.mark.parametrize("transcribe", [with_a_loop, without])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\0\3\0" * 8000)
    return path


def hearing(heard: list[ScriptedSession]) -> Script:
    async def script(session: ScriptedSession) -> None:
        heard.append(session)
        await session.begin()
        await session.until("end")
        await session.send(FINAL)
        await session.finish(bytes_per_ms=16)

    return script


@both
def test_a_file_from_start_to_end(transcribe: Transcribe, recording: Path) -> None:
    heard: list[ScriptedSession] = []
    with scripted_server_thread(hearing(heard)) as url:
        events = transcribe(url, recording, token="key", language="en", words=True)
    assert [type(event) for event in events] == [Started, Final, Ended]
    (session,) = heard
    assert session.headers["authorization"] == "Bearer key"
    assert session.start["audio"] == {"encoding": "pcm_s16le", "sample_rate": 8000, "channels": 1}
    assert (session.start["language"], session.start["words"]) == ("en", True)
    assert bytes(session.audio) == b"\2\0" * 8000


@both
def test_channels_may_be_people_of_their_own(transcribe: Transcribe, recording: Path) -> None:
    heard: list[ScriptedSession] = []
    with scripted_server_thread(hearing(heard)) as url:
        transcribe(url, recording, separate=True)
    assert heard[0].start["audio"]["channels"] == 2
    assert bytes(heard[0].audio) == b"\1\0\3\0" * 8000


@both
def test_at_the_pace_of_speech_it_takes_as_long_as_it_is(
    transcribe: Transcribe, recording: Path
) -> None:
    heard: list[ScriptedSession] = []
    began = time.monotonic()
    with scripted_server_thread(hearing(heard)) as url:
        transcribe(url, recording, real_time=True)
    assert time.monotonic() - began >= 1.0
    assert heard[0].chunks == [1600] * 10


@both
def test_a_server_that_fails_is_raised(transcribe: Transcribe, recording: Path) -> None:
    async def fail(session: ScriptedSession) -> None:
        await session.begin()
        await session.send({"type": "error", "code": "bad_message", "message": "no"})
        await session.socket.close(4400)

    with scripted_server_thread(fail) as url, pytest.raises(ServerError) as caught:
        transcribe(url, recording, real_time=True)
    assert caught.value.code == "bad_message"


@both
def test_a_file_that_turns_out_to_be_damaged_is_raised(
    transcribe: Transcribe, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(self: Recording, frames: int) -> bytes:
        raise RecordingError("damaged")

    async def silent(session: ScriptedSession) -> None:
        await session.begin()
        await session.socket.wait_closed()

    monkeypatch.setattr(Recording, "_read", damaged)
    with scripted_server_thread(silent) as url, pytest.raises(RecordingError, match="damaged"):
        transcribe(url, recording)


@both
def test_a_file_that_is_not_there_is_raised_before_anything(transcribe: Transcribe) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        transcribe("ws://127.0.0.1:1", "gone.wav")


async def test_who_stops_reading_stops_sending(recording: Path) -> None:
    heard: list[ScriptedSession] = []
    with scripted_server_thread(hearing(heard)) as url:
        async with aclosing(transcribe_file(url, recording, real_time=True)) as events:
            async for _ in events:
                break
    assert len(heard[0].audio) < 16_000


def test_who_stops_reading_stops_sending_without_a_loop(recording: Path) -> None:
    heard: list[ScriptedSession] = []
    with scripted_server_thread(hearing(heard)) as url:
        events = transcribe_file_sync(url, recording, real_time=True)
        assert isinstance(next(events), Started)
        events.close()
        with pytest.raises(StopIteration):
            next(events)
    assert len(heard[0].audio) < 16_000


def test_a_stream_that_is_over_is_no_failure_of_the_file(recording: Path) -> None:
    async def cut(session: ScriptedSession) -> None:
        await session.begin()
        session.socket.transport.abort()

    with scripted_server_thread(cut) as url, pytest.raises(ClientError) as caught:
        without(url, recording, reconnect=False)
    assert caught.value.code == "connection_lost"
