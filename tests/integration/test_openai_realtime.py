"""The ``openai`` package as it is, with only its address and key changed, over real sockets."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, OpenAI
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streaming.auth.keys import digest_of, new_key
from tests.integration.harness import WAIT_S, Running, serving
from tests.protocol.sounds import encoded, silence, speech

SECRET = new_key()
TRANSCRIPTION = {"intent": "transcription"}


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    """A server that asks for a key."""
    with serving(auth={"keys": (f"app:{digest_of(SECRET)}",)}) as running:
        yield running


def sound(speech_ms: int, silence_ms: int = 0, *, rate: int = 24_000, as_: str = "pcm_s16le") -> str:
    """Speech and silence behind it, as an append carries it."""
    parts = [*speech(speech_ms, rate), *silence(silence_ms, rate)]
    import numpy as np

    return base64.b64encode(encoded(np.array(parts, np.float32), as_)).decode()


class Heard:
    """A connection of the SDK's, and all events that came over it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.events: list[Any] = []

    async def until(self, kind: str) -> Any:
        """The next event of a type."""
        async with asyncio.timeout(WAIT_S):
            while True:
                event = await self.connection.recv()
                self.events.append(event)
                if event.type == kind:
                    return event

    async def append(self, audio: str) -> None:
        """Send audio in one piece."""
        await self.connection.input_audio_buffer.append(audio=audio)

    def of(self, kind: str) -> list[Any]:
        """All events of a type so far."""
        return [event for event in self.events if event.type.endswith(kind)]

    def text(self, item: str) -> str:
        """An item's deltas, joined."""
        return "".join(event.delta for event in self.of(".delta") if event.item_id == item)


@asynccontextmanager
async def realtime(server: Running, key: str = "none") -> AsyncIterator[Heard]:
    """The SDK's own way to open a transcription session."""
    async with AsyncOpenAI(base_url=f"{server.http}/v1", api_key=key) as client:
        async with client.realtime.connect(extra_query=TRANSCRIPTION) as connection:
            yield Heard(connection)


def session(**heard: Any) -> Any:
    """What ``session.update`` takes."""
    transcription = {"model": "gpt-4o-transcribe", "language": "en"}
    return {"type": "transcription", "audio": {"input": {"transcription": transcription, **heard}}}


COMPLETED = "conversation.item.input_audio_transcription.completed"


async def test_the_quick_start(server: Running) -> None:
    async with realtime(server) as it:
        created = await it.until("session.created")
        assert created.session.type == "transcription"
        await it.connection.session.update(session=session())
        updated = await it.until("session.updated")
        assert updated.session.audio.input.transcription.language == "en"
        await it.append(sound(1_200, 1_500))
        done = await it.until(COMPLETED)
        assert done.transcript == "w0 w1 w2"
        assert it.text(done.item_id) == done.transcript
        assert done.usage.type == "duration"
        assert 1.0 < done.usage.seconds < 2.5
        assert [event.type for event in it.events if ".delta" not in event.type] == [
            "session.created",
            "session.updated",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            COMPLETED,
        ]


async def test_words_come_while_they_are_spoken(server: Running) -> None:
    async with realtime(server) as it:
        await it.connection.session.update(session=session())
        for _ in range(40):
            await it.append(sound(100))
            await asyncio.sleep(0.02)
        await it.until("conversation.item.input_audio_transcription.delta")
        assert not it.of("speech_stopped")
