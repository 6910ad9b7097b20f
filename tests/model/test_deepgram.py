"""Real speech through Deepgram's own package and the real model: the right words, live."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v1.types import ListenV1Metadata, ListenV1Results

from load.decode import read_audio
from load.manifest import Recording
from tests.support.media_files import encode, opus_packets
from tests.support.recordings import recordings
from tests.support.server import ServerProcess

pytestmark = [
    pytest.mark.model,
    pytest.mark.speech,
    pytest.mark.timeout(120),
    # The package asks websockets for names of its old interface.
    pytest.mark.filterwarnings("ignore:.*websockets:DeprecationWarning"),
]
FILE = "librispeech_misc/1089-134686-0000.flac"
_CHUNK_S = 0.1


async def test_the_quick_start_prints_the_right_words_live(server: ServerProcess) -> None:
    recording = next(each for each in recordings() if each.file == FILE)
    messages = await _listen(server, recording)
    results = [message for message in messages if isinstance(message, ListenV1Results)]
    said = " ".join(r.channel.alternatives[0].transcript for r in results if r.is_final).split()
    assert recording.texts[0] is not None
    wrong = set(recording.texts[0].split()) ^ set(said)
    assert len(wrong) <= 6, " ".join(said)
    assert not results[0].is_final  # words came while they were being spoken
    interim = next(r.channel.alternatives[0] for r in reversed(results) if not r.is_final)
    assert [w.word for w in interim.words] == interim.transcript.split()
    assert all(0 < w.confidence <= 1 and w.start <= w.end for w in interim.words)
    words = [w for r in results if r.is_final for w in r.channel.alternatives[0].words]
    assert [w.word for w in words] == said
    assert all(0 < w.confidence <= 1 and w.start <= w.end for w in words)
    confidences = {w.confidence for w in words}
    assert len(confidences) > len(words) // 2  # each its own, none made up
    assert isinstance(messages[-1], ListenV1Metadata)
    assert messages[-1].duration == pytest.approx(recording.duration_s, abs=0.1)


async def test_coded_speech_is_understood(server: ServerProcess, tmp_path: Path) -> None:
    """As packets of Opus, and as a browser records it: both at a time."""
    recording = next(each for each in recordings() if each.file == FILE)
    sound = read_audio(recording.path, 48_000).reshape(1, -1)
    packets = opus_packets(sound)
    webm = encode(tmp_path / "a.webm", "libopus", sound, 48_000, form="webm").read_bytes()
    pieces = [webm[at : at + 1_000] for at in range(0, len(webm), 1_000)]
    assert recording.texts[0] is not None
    for said in await asyncio.gather(
        _heard(server, packets, encoding="opus", sample_rate=48_000), _heard(server, pieces)
    ):
        wrong = set(recording.texts[0].split()) ^ set(said)
        assert len(wrong) <= 6, " ".join(said)


async def _heard(server: ServerProcess, messages: list[bytes], **options: object) -> list[str]:
    """The words of all finals."""
    said: list[str] = []
    client = _client(server)
    async with client.listen.v1.connect(model="nova-3", **options) as connection:
        for message in messages:
            await connection.send_media(message)
        await connection.send_close_stream()
        while not isinstance(result := await connection.recv(), ListenV1Metadata):
            assert isinstance(result, ListenV1Results), result
            said += result.channel.alternatives[0].transcript.split()
    return said


def _client(server: ServerProcess) -> Any:
    ws, http = f"ws://127.0.0.1:{server.port}", f"http://127.0.0.1:{server.port}"
    there = DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http)
    return AsyncDeepgramClient(api_key="any", environment=there)


async def _listen(server: ServerProcess, recording: Recording) -> list[object]:
    """Everything that is said of a recording, sent as fast as it was spoken."""
    client = _client(server)
    samples = read_audio(recording.path, 16_000).reshape(-1)
    audio = np.rint(samples * 32_767).astype("<i2").tobytes()
    size = int(32_000 * _CHUNK_S)
    messages: list[object] = []
    async with client.listen.v1.connect(
        model="nova-3",
        encoding="linear16",
        sample_rate=16_000,
        language="en",
        interim_results="true",
    ) as connection:

        async def send() -> None:
            for at in range(0, len(audio), size):
                await connection.send_media(audio[at : at + size])
                await asyncio.sleep(_CHUNK_S)
            await connection.send_close_stream()

        sending = asyncio.create_task(send())
        while not (messages and isinstance(messages[-1], ListenV1Metadata)):
            messages.append(await connection.recv())
        await sending
    return messages
