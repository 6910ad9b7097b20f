"""Python client: stream audio to a Wirescribe server and read the words as they are said.

::

    async with connect("ws://127.0.0.1:8000", language="en") as stream:
        await stream.send(pcm)  # 16-bit mono at 16 kHz
        await stream.end()
        async for event in stream:
            if isinstance(event, Final):
                print(event.text)
"""

from __future__ import annotations

from streaming.client.backoff import Backoff
from streaming.client.connection import connect
from streaming.client.errors import (
    ClientError,
    ConnectError,
    ConnectionLostError,
    MessageError,
    ServerError,
    UsageError,
)
from streaming.client.events import (
    Ack,
    AudioLost,
    Ended,
    Event,
    Failed,
    Final,
    Finalized,
    Language,
    Limits,
    Partial,
    Queued,
    Reconnected,
    Reconnecting,
    SpeechEnded,
    SpeechStarted,
    Started,
    Warned,
    Word,
)
from streaming.client.options import Encoding, Options, Preset, Task
from streaming.client.stream import State, Stream

__all__ = [
    "Ack",
    "AudioLost",
    "Backoff",
    "ClientError",
    "ConnectError",
    "ConnectionLostError",
    "Encoding",
    "Ended",
    "Event",
    "Failed",
    "Final",
    "Finalized",
    "Language",
    "Limits",
    "MessageError",
    "Options",
    "Partial",
    "Preset",
    "Queued",
    "Reconnected",
    "Reconnecting",
    "ServerError",
    "SpeechEnded",
    "SpeechStarted",
    "Started",
    "State",
    "Stream",
    "Task",
    "UsageError",
    "Warned",
    "Word",
    "connect",
]
