"""One server, every dialect at once, each through its own client; their rows share batches."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading
import wave
from collections.abc import Sequence
from typing import Any

import pytest
from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from openai import AsyncOpenAI
from websockets.asyncio.client import connect

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.fake import FakeEngine
from tests.integration.harness import WAIT_S, Running, client, serving
from tests.protocol.sounds import spoken

pytestmark = pytest.mark.filterwarnings("ignore:.*websockets:DeprecationWarning")

SAID = "w0 w1 w2"
SOUND = spoken(1_200, then_silent_ms=1_500)
LIVE = {"native", "deepgram", "openai", "vosk"}
FILE = "file"


class Gated(FakeEngine):
    """Decodes nothing of anybody before the gate is open; a hot word tells whose a row is."""

    def __init__(self) -> None:
        super().__init__()
        self.busy, self.gate = threading.Event(), threading.Event()

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        if any(request.audio.any() for request in requests):  # all but the warm-up
            self.busy.set()
            assert self.gate.wait(WAIT_S)
        return super().decode(requests, beam=beam)

    @property
    def shared(self) -> list[set[str]]:
        """Whose rows each batch held."""
        return [{word for row in batch for word in row.hotwords} for batch in self.batches]


async def native(server: Running, word: str = "native") -> str:
    async with client(f"{server.url}?language=en&hotwords={word}") as it:
        await it.send(SOUND)
        return (await it.finish()).text()


async def deepgram(server: Running) -> str:
    at = server.url.removesuffix("/v1/stream")
    environment = DeepgramClientEnvironment(
        base=server.http, production=at, agent=at, agent_rest=server.http
    )
    options = {"encoding": "linear16", "sample_rate": 16_000, "keyterm": "deepgram"}
    heard = []
    made = AsyncDeepgramClient(api_key="none", environment=environment)
    async with made.listen.v1.connect(model="nova-3", **options) as connection:
        await connection.send_media(SOUND)
        await connection.send_close_stream()
        while (message := await connection.recv()).type != "Metadata":
            heard.append(message.channel.alternatives[0].transcript)
    return " ".join(heard)


async def openai(server: Running) -> str:
    transcription = {"model": "gpt-transcribe", "language": "en", "keywords": ["openai"]}
    heard = {"format": {"type": "audio/pcm", "rate": 16_000}, "transcription": transcription}
    asked: Any = {"type": "transcription", "audio": {"input": heard}}
    async with (
        AsyncOpenAI(base_url=f"{server.http}/v1", api_key="none") as made,
        made.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        await connection.session.update(session=asked)
        await connection.input_audio_buffer.append(audio=base64.b64encode(SOUND).decode())
        async for event in connection:
            assert event.type != "error"
            if event.type == "conversation.item.input_audio_transcription.completed":
                return event.transcript
    raise AssertionError("it was closed")


async def vosk(server: Running) -> str:
    async with connect(f"{server.url.replace('stream', 'vosk')}?language=en", proxy=None) as socket:
        config = {"sample_rate": 16_000, "phrase_list": ["vosk"]}
        await socket.send(json.dumps({"config": config}))
        await socket.send(SOUND)
        await socket.send('{"eof" : 1}')
        replies = [json.loads(message) async for message in socket]
    return " ".join(reply["text"] for reply in replies if reply.get("text"))


async def recording(server: Running) -> str:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(SOUND)
    async with AsyncOpenAI(base_url=f"{server.http}/v1", api_key="none") as made:
        told = await made.audio.transcriptions.create(
            model="whisper-1",
            file=("a.wav", sound.getvalue()),
            language="en",
            extra_body={"hotwords": FILE},
        )
    return told.text


async def until_waiting(server: Running, whose: set[str]) -> None:
    """Until the finals of all these wait for the worker."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if whose <= await server.call(waiting(server)):
                return
            await asyncio.sleep(0.01)


async def waiting(server: Running) -> set[str]:
    """Whose finals wait; runs on the server's loop."""
    offers = [
        request
        for entry in list(server.service.scheduler._sources.values())
        for request in entry.source.work()
    ]
    return {word for it in offers if it.kind is Kind.FINAL for word in it.hotwords}


async def test_all_at_once_and_in_one_batch() -> None:
    engine = Gated()
    with serving(engine) as server:
        first = asyncio.create_task(native(server, "first"))  # occupies the only worker
        assert await asyncio.to_thread(engine.busy.wait, WAIT_S)
        speakers = (native, deepgram, openai, vosk, recording)
        texts = asyncio.gather(*(speak(server) for speak in speakers))
        await until_waiting(server, {*LIVE, FILE})
        engine.gate.set()
        assert await texts == [SAID] * len(speakers)
        assert await first == SAID
    assert any(batch >= LIVE for batch in engine.shared)
    # Who speaks never waits for a recording: its rows are among themselves.
    assert [batch for batch in engine.shared if FILE in batch] == [{FILE}]
