"""Sends a recording as if it were being spoken, and prints each final as it comes.

    python examples/stream_file.py talk.wav
    python examples/stream_file.py call.wav wss://captions.example --separate --fast

WAV needs nothing; other formats need PyAV (pip install av).
"""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from streaming.client import ClientError, Final, transcribe_file


async def main(arguments: argparse.Namespace) -> None:
    """Prints each final: when it was said, on which channel where there are several, and what."""
    events = transcribe_file(
        arguments.url,
        arguments.file,
        token=os.environ.get("WIRESCRIBE_TOKEN"),
        language=arguments.language,
        separate=arguments.separate,
        real_time=not arguments.fast,
    )
    async for event in events:
        if isinstance(event, Final):
            who = f"[{event.channel}] " if arguments.separate else ""
            print(f"{event.start_ms / 1000:7.2f} s  {who}{event.text.strip()}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Send a recording as if it were being spoken; print what is heard."
    )
    parser.add_argument("file", help="a recording")
    parser.add_argument("url", nargs="?", default="ws://127.0.0.1:8000", help="the server")
    parser.add_argument("--language", help="such as en (default: detected)")
    parser.add_argument("--separate", action="store_true", help="each channel is a speaker")
    parser.add_argument("--fast", action="store_true", help="as fast as the server takes it")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        asyncio.run(main(_arguments()))
    except ClientError as error:
        sys.exit(f"{error.code}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
