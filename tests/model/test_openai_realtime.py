"""Real speech through OpenAI's own package and the real model: the right words, live."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI

from load.decode import read_audio
from load.wer import count_errors
from tests.support.recordings import recordings
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.model, pytest.mark.speech, pytest.mark.timeout(120)]

FILE = "librispeech_misc/1089-134686-0000.flac"
COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
_RATE = 24_000
_CHUNK_S = 0.1


async def test_the_quick_start_prints_the_right_words_live(server: ServerProcess) -> None:
    recording = next(each for each in recordings() if each.file == FILE)
    samples = read_audio(recording.path, _RATE).reshape(-1)
    audio = np.rint(samples * 32_767).astype("<i2").tobytes()
    size = int(2 * _RATE * _CHUNK_S)
    address = f"http://127.0.0.1:{server.port}/v1"
    sent_all = asyncio.Event()
    transcripts: list[str] = []
    deltas: list[tuple[str, bool]] = []
    async with (
        AsyncOpenAI(base_url=address, api_key="none") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        await connection.session.update(
            session={
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24_000},
                        "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
                        "turn_detection": None,
                    }
                },
            }
        )

        async def send() -> None:
            for at in range(0, len(audio), size):
                piece = base64.b64encode(audio[at : at + size]).decode()
                await connection.input_audio_buffer.append(audio=piece)
                await asyncio.sleep(_CHUNK_S)
            sent_all.set()
            await connection.input_audio_buffer.commit()

        sending = asyncio.create_task(send())
        while not transcripts:
            event: Any = await connection.recv()
            assert event.type != "error"
            if event.type == COMPLETED:
                transcripts.append(event.transcript)
            elif event.type == DELTA:
                deltas.append((event.delta or "", sent_all.is_set()))
        await sending
    (heard,) = transcripts
    assert count_errors([recording.texts[0] or ""], [heard], "en").errors <= 3, heard
    assert any(not late for _, late in deltas), "no words came while they were being spoken"
    shown = "".join(text for text, _ in deltas)
    assert count_errors([heard], [shown], "en").errors <= 3, shown
