"""A consumer's program as type checkers see it: run here, and read by mypy --strict with the tests.

What must be an error carries an ignore, which mypy complains about where there is none.
"""

from __future__ import annotations

from importlib.resources import files
from typing import assert_type

from streaming.client import (
    Ended,
    Event,
    Final,
    Started,
    State,
    Stream,
    SyncStream,
    Word,
    connect,
    connect_sync,
    transcribe_file,
    transcribe_file_sync,
)
from tests.support.scripted import ScriptedSession, scripted_server, scripted_server_thread


async def script(session: ScriptedSession) -> None:
    await session.begin()
    word = {"text": "Hello.", "start_ms": 0, "end_ms": 90, "confidence": 0.5}
    times = {"segment": 0, "start_ms": 0, "end_ms": 90}
    await session.until("end")
    await session.send({"type": "final", "text": "Hello.", "words": [word], **times})
    await session.finish()


async def test_with_an_event_loop() -> None:
    async with scripted_server(script) as server, connect(server.url) as stream:
        assert_type(stream, Stream)
        assert_type(stream.started, Started)
        assert_type(await stream.finalize(), str)
        await stream.end()
        async for event in stream:
            assert_type(event, Event)
            if isinstance(event, Final):
                assert_type(event.words, tuple[Word, ...])
                assert_type(event.words[0].confidence, float | None)
        assert_type(await stream.next_event(), Event | None)


def test_without_one() -> None:
    with scripted_server_thread(script) as url, connect_sync(url, language="en") as stream:
        assert_type(stream, SyncStream)
        assert_type(stream.state, State)
        stream.end()
        last: Event | None = None
        for event in stream:
            assert_type(event, Event)
            last = event
        assert isinstance(last, Ended)
        assert_type(stream.next_event(timeout=1), Event | None)


def refused() -> None:
    """Mistakes that a checker finds; never called."""
    connect("ws://host", langauge="en")  # type: ignore[call-arg]
    connect("ws://host", task="summarise")  # type: ignore[arg-type]
    connect_sync("ws://host", sample_rate="16000")  # type: ignore[arg-type]
    connect_sync("ws://host", overflow="refuse")  # type: ignore[arg-type]
    transcribe_file("ws://host", "a.wav", channels=2)  # type: ignore[call-arg]
    transcribe_file_sync("ws://host", "a.wav", endpointing="poems")  # type: ignore[arg-type]


def test_the_package_says_that_it_is_typed() -> None:
    assert files("streaming").joinpath("py.typed").is_file()
