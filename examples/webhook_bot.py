"""Posts every final to a webhook, in order, and again until it is taken.

    arecord -t raw -f S16_LE -r 16000 | python examples/webhook_bot.py https://hooks.example/notes -
    python examples/webhook_bot.py https://hooks.example/notes meeting.wav

The body is JSON; its `id` stays the same when a final is posted again, so that whoever receives it
can tell. With WEBHOOK_SECRET in the environment the header `X-Wirescribe-Signature` holds
`sha256=` and the HMAC of the body.
"""

# ruff: noqa: T201 - it says what it could not do

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict

from streaming.client import (
    Backoff,
    ClientError,
    Event,
    Final,
    Started,
    Stream,
    connect,
    transcribe_file,
)

WAITING = 1000  # finals that may wait for the webhook; then the server waits, too
TIMEOUT_S = 10.0
AGAIN = Backoff(base_ms=500, max_ms=30_000, attempts=10)
LATER = (408, 425, 429)  # and every 5xx: what may go well the next time


async def main(arguments: argparse.Namespace) -> int:
    """Reads and posts at the same time; returns how many finals nobody took."""
    finals: asyncio.Queue[dict[str, object] | None] = asyncio.Queue(WAITING)
    webhook = Webhook(arguments.webhook, os.environ.get("WEBHOOK_SECRET", ""))
    posting = asyncio.create_task(webhook.post_all(finals))
    session = ""
    try:
        async with aclosing(heard(arguments)) as events:
            async for event in events:
                if isinstance(event, Started):
                    session = event.session_id
                elif isinstance(event, Final):
                    about: dict[str, object] = {
                        "id": f"{session}/{event.segment}",
                        "session_id": session,
                    }
                    await finals.put(about | asdict(event))
    finally:
        await finals.put(None)  # what was heard is delivered, however it ended
        await posting
    return webhook.lost


async def heard(arguments: argparse.Namespace) -> AsyncGenerator[Event, None]:
    """The events of a file, or of raw 16-bit mono sound at 16 kHz on standard input."""
    token = os.environ.get("WIRESCRIBE_TOKEN")
    if arguments.source != "-":
        async for event in transcribe_file(arguments.server, arguments.source, token=token):
            yield event
        return
    async with connect(arguments.server, token=token, overflow="drop_oldest") as stream:
        sending = asyncio.create_task(send(stream))
        try:
            async for event in stream:
                yield event
        finally:
            sending.cancel()


async def send(stream: Stream) -> None:
    """Standard input, as it comes."""
    while chunk := await asyncio.to_thread(os.read, sys.stdin.fileno(), 3200):
        await stream.send(chunk)
    await stream.end()


class Webhook:
    """An address that finals are posted to; ``lost`` counts those that nobody took."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret.encode()
        self.lost = 0

    async def post_all(self, finals: asyncio.Queue[dict[str, object] | None]) -> None:
        """One after the other, up to None."""
        while (final := await finals.get()) is not None:
            if (problem := await self._post(final)) is not None:
                self.lost += 1
                print(f"{final['id']}: not delivered: {problem}", file=sys.stderr)

    async def _post(self, final: dict[str, object]) -> str | None:
        """Posts until it is taken; returns why it was not."""
        body = json.dumps(final, ensure_ascii=False).encode()
        attempt = 0
        while True:
            problem, again = await asyncio.to_thread(self._post_once, body)
            delay = AGAIN.delay_ms(attempt) if problem is not None and again else None
            if delay is None:
                return problem
            attempt += 1
            await asyncio.sleep(delay / 1000)

    def _post_once(self, body: bytes) -> tuple[str | None, bool]:
        """Why it was not taken, if it was not, and whether it may be the next time."""
        headers = {"Content-Type": "application/json"}
        if self._secret:
            signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
            headers["X-Wirescribe-Signature"] = f"sha256={signature}"
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 - checked in main
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
                return None, False
        except urllib.error.HTTPError as error:
            error.close()
            return f"HTTP {error.code}", error.code in LATER or error.code >= 500
        except OSError as error:
            return str(error), True


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Post every final to a webhook.")
    parser.add_argument("webhook", help="the address that takes JSON")
    parser.add_argument("source", help="a recording, or - for raw sound on standard input")
    parser.add_argument("--server", default="ws://127.0.0.1:8000", help="the Wirescribe server")
    arguments = parser.parse_args()
    if not arguments.webhook.startswith(("http://", "https://")):
        parser.error("webhook: expected http:// or https://")
    return arguments


if __name__ == "__main__":
    try:
        sys.exit(1 if asyncio.run(main(_arguments())) else 0)
    except ClientError as error:
        sys.exit(f"{error.code}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
