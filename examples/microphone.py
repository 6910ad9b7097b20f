"""Shows what is said into the microphone while it is being said; Ctrl-C ends, the rest is heard.

    pip install 'wirescribe[mic]'
    python examples/microphone.py
    python examples/microphone.py wss://captions.example --device headset --language en

No event loop: a thread sends, the main one reads.
"""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import argparse
import os
import sys
import threading
from contextlib import suppress

from streaming.client import (
    AudioLost,
    ClientError,
    Event,
    Final,
    Microphone,
    Partial,
    Reconnected,
    Reconnecting,
    SyncStream,
    connect_sync,
    input_devices,
)

CLEAR = "\r\033[K"


def main(arguments: argparse.Namespace) -> None:
    """Sends in a thread, shows in this one; Ctrl-C stops the microphone, not the stream."""
    microphone = Microphone(arguments.device)
    with connect_sync(
        arguments.url,
        token=os.environ.get("WIRESCRIBE_TOKEN"),
        sample_rate=microphone.sample_rate,
        language=arguments.language,
        overflow="drop_oldest",  # live: rather a gap than ever more delay
    ) as stream:
        print(f"Listening to {microphone.name}. Ctrl-C ends.", file=sys.stderr)
        sending = threading.Thread(target=send, args=(microphone, stream), daemon=True)
        sending.start()
        try:
            for event in stream:
                show(event)
        except KeyboardInterrupt:
            microphone.finish()  # what was heard so far is sent, and then `end`
            for event in stream:
                show(event)


def send(microphone: Microphone, stream: SyncStream) -> None:
    """Everything the microphone hears, then the end."""
    with suppress(ClientError):  # who reads is told as well
        for chunk in microphone:
            stream.send(chunk)
        stream.end()


def show(event: Event) -> None:
    """Finals stay; a partial is written over by the next one, on a terminal."""
    live = sys.stdout.isatty()
    match event:
        case Partial():
            if live:
                print(
                    f"{CLEAR}{event.committed}\033[2m{event.tentative}\033[0m", end="", flush=True
                )
        case Final():
            print(f"{CLEAR if live else ''}{event.text.strip()}", flush=True)
        case Reconnecting():
            print(f"The connection is gone ({event.code}); trying again.", file=sys.stderr)
        case Reconnected():
            print("Connected again.", file=sys.stderr)
        case AudioLost():
            print(f"{event.lost_ms} ms were lost.", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Show what is said into the microphone while it is being said."
    )
    parser.add_argument("url", nargs="?", default="ws://127.0.0.1:8000", help="the server")
    parser.add_argument("--device", help="the microphone's name, a part of it, or its number")
    parser.add_argument("--list-devices", action="store_true", help="show the microphones")
    parser.add_argument("--language", help="such as en (default: detected)")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    try:
        if given.list_devices:
            print("\n".join(input_devices()))
        else:
            main(given)
    except ClientError as error:
        sys.exit(f"{error.code}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
