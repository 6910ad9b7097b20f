"""LiveKit's plug-ins: python livekit_stt.py BASE_URL KEY RECORDING PACE PLUGIN...

In LiveKit's environment. Plug-ins: deepgram, openai, and openai-manual, whose turns LiveKit's own
voice detector ends; all work at once. RECORDING is 16 kHz, 16 bits, one channel, and played PACE
times as fast as it was spoken. Each event is a line of JSON, the last is of the recording whole.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents.stt import SpeechEventType
from livekit.agents.utils import http_context
from livekit.plugins import deepgram, openai

RATE = 16_000
CHUNK_S = 0.02
SILENCE_S = 2.0
WHOLE = ("deepgram", "openai")  # that take a recording in one request, too


def plugin(name: str, base_url: str, key: str) -> Any:
    match name:
        case "deepgram":
            return deepgram.STT(base_url=f"{base_url}/v1/listen", api_key=key)
        case "openai":
            return openai.STT(base_url=f"{base_url}/v1", api_key=key, use_realtime=True)
        case "openai-manual":
            model = "gpt-live-transcribe"
            return openai.STT(base_url=f"{base_url}/v1", api_key=key, model=model)
    raise ValueError(name)


def frame(audio: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(audio, RATE, 1, len(audio) // 2)


async def use(name: str, base_url: str, key: str, audio: bytes, pace: float) -> None:
    stt = plugin(name, base_url, key)
    stream = stt.stream()
    events: Counter[SpeechEventType] = Counter()
    heard = asyncio.Event()  # each turn that began has ended and has its text

    def tell(kind: str, text: str) -> None:
        sys.stdout.write(json.dumps({"plugin": name, "type": kind, "text": text}) + "\n")
        sys.stdout.flush()

    async def speak() -> None:
        size = int(RATE * CHUNK_S) * 2
        for sound in (audio, bytes(int(RATE * SILENCE_S) * 2)):
            for at in range(0, len(sound), size):
                stream.push_frame(frame(sound[at : at + size]))
                await asyncio.sleep(CHUNK_S / pace)
        stream.flush()

    async def listen() -> None:
        async for event in stream:
            tell(event.type, event.alternatives[0].text if event.alternatives else "")
            events[event.type] += 1
            began = events[SpeechEventType.START_OF_SPEECH]
            ended = events[SpeechEventType.END_OF_SPEECH]
            if 0 < began == ended <= events[SpeechEventType.FINAL_TRANSCRIPT]:
                heard.set()
            else:
                heard.clear()

    listening = asyncio.create_task(listen())
    await speak()
    await heard.wait()
    listening.cancel()
    await stream.aclose()
    if name in WHOLE:
        tell("recognize", (await stt.recognize(frame(audio))).alternatives[0].text)
    await stt.aclose()


async def main(base_url: str, key: str, audio: bytes, pace: float, plugins: list[str]) -> None:
    async with http_context.open():
        await asyncio.gather(*(use(name, base_url, key, audio, pace) for name in plugins))


if __name__ == "__main__":
    address, secret, recording, speed, *names = sys.argv[1:]
    asyncio.run(main(address, secret, Path(recording).read_bytes(), float(speed), names))
