"""vosk-server's own kind of client before the real model: the right words, live, in step."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect

from load.decode import read_audio
from load.wer import count_errors
from tests.support.recordings import recordings
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.model, pytest.mark.speech, pytest.mark.timeout(120)]

FILE = "librispeech_misc/1089-134686-0000.flac"
RATE = 8_000  # a telephone's, which is vosk-server's own default
CHUNK_S = 0.2
MOST_ERRORS = 0.15  # a few words of a telephone's band


async def test_a_client_in_step_prints_the_right_words_live(server: ServerProcess) -> None:
    recording = next(each for each in recordings() if each.file == FILE)
    samples = read_audio(recording.path, RATE).reshape(-1)
    audio = np.rint(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
    replies: list[dict[str, Any]] = []
    size = int(RATE * 2 * CHUNK_S)
    async with connect(f"ws://127.0.0.1:{server.port}/v1/vosk?language=en", proxy=None) as socket:
        await socket.send(f'{{ "config" : {{ "sample_rate" : {RATE} }} }}')
        for at in range(0, len(audio), size):
            await socket.send(audio[at : at + size])
            replies.append(json.loads(await socket.recv()))
            await asyncio.sleep(CHUNK_S)
        await socket.send('{"eof" : 1}')
        replies.append(json.loads(await socket.recv()))
    assert any(reply.get("partial") for reply in replies), "nothing came while it was spoken"
    text = " ".join(reply["text"] for reply in replies if reply.get("text"))
    said = recording.texts[0]
    assert said is not None
    errors = count_errors([said], [text], "en")
    assert errors.rate is not None
    assert errors.rate <= MOST_ERRORS, f"{errors.rate:.3f}: {text}"
    words = [word for reply in replies for word in reply.get("result", [])]
    assert [word["word"] for word in words] == text.split()
    assert all(0 < word["conf"] <= 1 and word["start"] <= word["end"] for word in words)
    assert words[-1]["end"] <= recording.duration_s + 0.2
