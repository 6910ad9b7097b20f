"""Following a transcription: its events to a view and into a transcript."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping

from streaming.cli.transcript import Transcript
from streaming.cli.view import View
from streaming.errors import WirescribeError
from streaming.events import Final, Partial, Suppressed, Warned
from streaming.options import SessionConfig, parse_start
from streaming.service import Service
from streaming.transcriber import Transcription

_TICK_S = 0.1


def session_config(options: Mapping[str, object], service: Service) -> SessionConfig:
    """Return the options checked against what the model can do.

    Raises :class:`~streaming.errors.BadConfiguration`.
    """
    said = {name: value for name, value in options.items() if value is not None}
    return parse_start(said, languages=service.languages, defaults=service.session_defaults)


async def follow(
    transcription: Transcription,
    transcript: Transcript,
    view: View,
    warn: Callable[[Warned], None],
) -> None:
    """Read all events; the transcript holds what came even when this ends in an exception."""
    ticking = asyncio.create_task(_tick(transcription, view))
    session = transcription.session
    transcript.complete = False
    try:
        async for event in transcription.events():
            match event:
                case Partial():
                    view.partial(event)
                case Final():
                    transcript.finals.append(event)
                    view.final(event)
                case Suppressed():
                    view.suppressed(event)
                case Warned():
                    warn(event)
            view.position(session.received_ms, transcription.told_ms())
        transcript.complete = True
    finally:
        ticking.cancel()
        transcript.duration_ms = session.received_ms


async def _tick(transcription: Transcription, view: View) -> None:
    session = transcription.session
    while True:
        view.position(session.received_ms, transcription.told_ms())
        await asyncio.sleep(_TICK_S)


def complain(error: WirescribeError | OSError | str) -> None:
    """Say on standard error what went wrong, in a line of its own.

    Not through a console of its own: only what is written to ``sys.stderr`` goes above a display
    that stands on the same terminal.
    """
    print(f"wirescribe: {error}", file=sys.stderr)
