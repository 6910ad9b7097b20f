"""Every dialect at once through one server with the real model: each client has the right words.

Live speech, each client its own package or plug-in, and a recording uploaded meanwhile. Those of
pipecat and LiveKit take part where `python -m tests.sdk.frameworks` has been run.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from openai import AsyncOpenAI
from websockets.asyncio.client import connect as connect_vosk

from load.decode import read_audio
from load.wer import count_errors
from streaming.client import Final, connect
from tests.sdk.frameworks import interpreter, run
from tests.support.recordings import recordings
from tests.support.server import ServerProcess

pytestmark = [
    pytest.mark.model,
    pytest.mark.speech,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore:.*websockets:DeprecationWarning"),
]

FILE = "librispeech_misc/1089-134686-0000.flac"
RATE = 16_000
CHUNK_S = 0.1
SIZE = int(2 * RATE * CHUNK_S)
MOST_ERRORS = 0.15
PLUGINS = ("deepgram", "openai", "openai-manual")


async def native(server: ServerProcess, audio: bytes) -> str:
    async with connect(server.url, language="en") as stream:

        async def send() -> None:
            for at in range(0, len(audio), SIZE):
                await stream.send(audio[at : at + SIZE])
                await asyncio.sleep(CHUNK_S)
            await stream.end()

        sending = asyncio.create_task(send())
        texts = [event.text async for event in stream if isinstance(event, Final)]
        await sending
    return " ".join(texts)


async def deepgram(server: ServerProcess, audio: bytes) -> str:
    ws = f"ws://127.0.0.1:{server.port}"
    there = DeepgramClientEnvironment(
        base=server.http, production=ws, agent=ws, agent_rest=server.http
    )
    client = AsyncDeepgramClient(api_key="any", environment=there)
    heard = []
    async with client.listen.v1.connect(
        model="nova-3", encoding="linear16", sample_rate=RATE
    ) as connection:

        async def send() -> None:
            for at in range(0, len(audio), SIZE):
                await connection.send_media(audio[at : at + SIZE])
                await asyncio.sleep(CHUNK_S)
            await connection.send_close_stream()

        sending = asyncio.create_task(send())
        while (message := await connection.recv()).type != "Metadata":
            heard.append(message.channel.alternatives[0].transcript)
        await sending
    return " ".join(heard)


async def openai(server: ServerProcess, audio: bytes) -> str:
    heard: Any = {
        "format": {"type": "audio/pcm", "rate": RATE},
        "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
        "turn_detection": None,
    }
    async with (
        AsyncOpenAI(base_url=f"{server.http}/v1", api_key="none") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        asked: Any = {"type": "transcription", "audio": {"input": heard}}
        await connection.session.update(session=asked)

        async def send() -> None:
            for at in range(0, len(audio), SIZE):
                piece = base64.b64encode(audio[at : at + SIZE]).decode()
                await connection.input_audio_buffer.append(audio=piece)
                await asyncio.sleep(CHUNK_S)
            await connection.input_audio_buffer.commit()

        sending = asyncio.create_task(send())
        async for event in connection:
            assert event.type != "error"
            if event.type == "conversation.item.input_audio_transcription.completed":
                await sending
                return event.transcript
    raise AssertionError("it was closed")


async def vosk(server: ServerProcess, audio: bytes) -> str:
    replies = []
    url = f"ws://127.0.0.1:{server.port}/v1/vosk?language=en"
    async with connect_vosk(url, proxy=None) as socket:
        await socket.send(f'{{ "config" : {{ "sample_rate" : {RATE} }} }}')
        for at in range(0, len(audio), SIZE):
            await socket.send(audio[at : at + SIZE])
            replies.append(json.loads(await socket.recv()))
            await asyncio.sleep(CHUNK_S)
        await socket.send('{"eof" : 1}')
        replies.append(json.loads(await socket.recv()))
    return " ".join(reply["text"] for reply in replies if reply.get("text"))


async def uploaded(server: ServerProcess, path: Path) -> str:
    async with AsyncOpenAI(base_url=f"{server.http}/v1", api_key="none") as client:
        told = await client.audio.transcriptions.create(model="whisper-1", file=path, language="en")
    return told.text


async def frameworks(server: ServerProcess, recording: Path) -> dict[str, str]:
    """What pipecat's and LiveKit's plug-ins heard, each by its name; none without them."""
    python = interpreter()
    if python is None:
        return {}
    told = (server.http, "none", str(recording), "1")
    pipecat, livekit = await asyncio.gather(
        run(python, "pipecat_deepgram.py", *told),
        run(python, "livekit_stt.py", *told, *PLUGINS),
    )
    heard = {"pipecat": " ".join(line["final"] for line in pipecat if "final" in line)}
    for name in PLUGINS:
        finals = [
            line["text"]
            for line in livekit
            if (line["plugin"], line["type"]) == (name, "final_transcript")
        ]
        heard[f"livekit {name}"] = " ".join(finals)
    return heard


async def test_each_has_the_right_words(server: ServerProcess, tmp_path: Path) -> None:
    recording = next(each for each in recordings() if each.file == FILE)
    samples = read_audio(recording.path, RATE).reshape(-1)
    audio = np.rint(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
    copy = tmp_path / "a.pcm"
    copy.write_bytes(audio)
    others, *texts = await asyncio.gather(
        frameworks(server, copy),
        native(server, audio),
        deepgram(server, audio),
        openai(server, audio),
        vosk(server, audio),
        uploaded(server, recording.path),
    )
    names = ("native", "deepgram", "openai", "vosk", "uploaded")
    heard = {**dict(zip(names, texts, strict=True)), **others}
    said = recording.texts[0] or ""
    rates = {name: count_errors([said], [text], "en").rate for name, text in heard.items()}
    assert all(rate is not None and rate <= MOST_ERRORS for rate in rates.values()), (rates, heard)
