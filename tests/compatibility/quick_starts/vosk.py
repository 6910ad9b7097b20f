import asyncio
import json
from pathlib import Path

from websockets.asyncio.client import connect

sound = Path("speech.raw").read_bytes()


async def main() -> None:
    async with connect("ws://127.0.0.1:8000/v1/vosk") as socket:
        await socket.send('{ "config" : { "sample_rate" : 16000 } }')
        for at in range(0, len(sound), 8000):
            await socket.send(sound[at : at + 8000])
            print(json.loads(await socket.recv()).get("text", ""))
        await socket.send('{"eof" : 1}')
        print(json.loads(await socket.recv())["text"])


asyncio.run(main())
