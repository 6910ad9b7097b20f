"""Servers that speak the peers' protocols over real sockets, in the forms that they were recorded.

Run as a program it serves one of them until it is killed: ``scripted_peers.py KIND --port N``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

Handler = Callable[[ServerConnection], Awaitable[None]]

SENTENCE = "the mill stands by the river and turns all day"
SECOND_BYTES = 32000


def segment(start: float, end: float, text: str, completed: bool) -> dict[str, object]:
    return {
        "start": f"{start:.3f}",
        "end": f"{end:.3f}",
        "text": f" {text}",
        "completed": completed,
    }


async def whisperlive(socket: ServerConnection) -> None:
    """A word for each half second; five of them complete a segment. Drops the tail at the end."""
    hello = json.loads(await socket.recv())
    uid = hello["uid"]
    assert hello["audio_format"] == "int16"
    await say(socket, uid=uid, message="SERVER_READY", backend="faster_whisper")
    heard = 0
    async for chunk in socket:
        if chunk == b"END_OF_AUDIO":
            return
        before = heard
        heard += len(chunk)
        if heard * 2 // SECOND_BYTES == before * 2 // SECOND_BYTES:
            continue
        words = SENTENCE.split()[: heard * 2 // SECOND_BYTES]
        whole = len(words) // 5 * 5
        segments = [
            segment(at * 0.5, at * 0.5 + 2.5, " ".join(words[at : at + 5]), completed=True)
            for at in range(0, whole, 5)
        ]
        if words[whole:]:
            end = len(words) * 0.5
            segments.append(segment(whole * 0.5, end, " ".join(words[whole:]), completed=False))
        await say(socket, uid=uid, segments=segments)


async def whisperlivekit(socket: ServerConnection) -> None:
    """A word for each half second, validated one later; all of them when it is over."""
    await say(socket, type="config", useAudioWorklet=True, mode="full")
    await say(socket, **state("", ""))
    heard = 0
    async for chunk in socket:
        heard += len(chunk)
        words = SENTENCE.split()[: heard * 2 // SECOND_BYTES]
        if not chunk:
            await say(socket, **state(" ".join(words), ""))
            await say(socket, type="ready_to_stop")
            await socket.wait_closed()
            return
        await say(socket, **state(" ".join(words[:-1]), " ".join(words[-1:])))


def state(validated: str, buffer: str) -> dict[str, Any]:
    line = {"speaker": 1, "text": f" {validated}", "start": "0:00:00.00", "end": "0:00:01.00"}
    silence = {"speaker": -2, "text": "", "start": "0:00:00.00", "end": "0:00:00.30"}
    return {
        "status": "active_transcription" if validated or buffer else "no_audio_detected",
        "lines": [silence, line] if validated else [],
        "buffer_transcription": f" {buffer}" if buffer else "",
        "buffer_diarization": "",
        "buffer_translation": "",
        "remaining_time_transcription": 0.1,
        "remaining_time_transcription_processing": 0.1,
        "remaining_time_transcription_policy": 0.0,
        "remaining_time_diarization": 0,
    }


async def full(socket: ServerConnection) -> None:
    """A WhisperLive that has no place left."""
    hello = json.loads(await socket.recv())
    await say(socket, uid=hello["uid"], status="WAIT", message=9.5)


async def say(socket: ServerConnection, **message: object) -> None:
    await socket.send(json.dumps(message))


def healthy(connection: ServerConnection, request: Request) -> Response | None:
    """What a readiness check asks for."""
    if request.path in ("/health", "/readyz"):
        return connection.respond(HTTPStatus.OK, "{}\n")
    return None


@asynccontextmanager
async def scripted(handler: Handler) -> AsyncIterator[str]:
    """The address of a server whose sessions follow the script."""
    async with serve(handler, "127.0.0.1", 0, process_request=healthy) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("whisperlive", "whisperlivekit", "full"))
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    async with serve(globals()[given.kind], "127.0.0.1", given.port, process_request=healthy):
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())
