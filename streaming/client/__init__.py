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
from streaming.client.carrier import State
from streaming.client.connection import connect
from streaming.client.errors import (
    CaptureError,
    ClientError,
    ConnectError,
    ConnectionLostError,
    MessageError,
    RecordingError,
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
from streaming.client.file import transcribe_file, transcribe_file_sync
from streaming.client.microphone import Microphone, input_devices
from streaming.client.options import Encoding, Options, Overflow, Preset, StreamWishes, Task, Wishes
from streaming.client.recording import Recording, open_recording
from streaming.client.stream import Stream
from streaming.client.sync import SyncStream, connect_sync

__all__ = [
    "Ack",
    "AudioLost",
    "Backoff",
    "CaptureError",
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
    "Microphone",
    "Options",
    "Overflow",
    "Partial",
    "Preset",
    "Queued",
    "Reconnected",
    "Reconnecting",
    "Recording",
    "RecordingError",
    "ServerError",
    "SpeechEnded",
    "SpeechStarted",
    "Started",
    "State",
    "Stream",
    "StreamWishes",
    "SyncStream",
    "Task",
    "UsageError",
    "Warned",
    "Wishes",
    "Word",
    "connect",
    "connect_sync",
    "input_devices",
    "open_recording",
    "transcribe_file",
    "transcribe_file_sync",
]
