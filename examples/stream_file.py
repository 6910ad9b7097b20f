"""Streams a 16-bit mono WAV file as if it were being spoken, and prints what is heard.

python examples/stream_file.py FILE.wav [ws://127.0.0.1:8000]
"""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import asyncio
import sys
import wave

from streaming.client import ClientError, Final, Stream, connect

CHUNK_S = 0.1


async def send_at_speaking_pace(stream: Stream, recording: wave.Wave_read) -> None:
    """Sends a tenth of a second every tenth of a second, then says that this was all."""
    clock = asyncio.get_running_loop().time
    due = clock()
    while chunk := recording.readframes(round(recording.getframerate() * CHUNK_S)):
        due += CHUNK_S
        await asyncio.sleep(due - clock())
        await stream.send(chunk)
    await stream.end()


async def main(path: str, url: str = "ws://127.0.0.1:8000") -> None:
    """Prints each final as it comes."""
    with wave.open(path) as recording:
        async with connect(url, sample_rate=recording.getframerate()) as stream:
            sending = asyncio.create_task(send_at_speaking_pace(stream, recording))
            try:
                async for event in stream:
                    if isinstance(event, Final):
                        print(f"{event.start_ms / 1000:7.2f} s  {event.text.strip()}", flush=True)
            finally:
                sending.cancel()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except ClientError as error:
        sys.exit(f"{error.code}: {error}")
