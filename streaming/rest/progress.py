"""How far a streamed answer has come, told beside its text; else signs of life.

Who asks with ``progress=true`` gets events, a second apart at least, and of each piece of text when
it was said. Everybody gets a comment now
and then, which server-sent events have for this: no parser shows it, and proxies see that the
connection is alive while a recording waits for its turn or nobody speaks in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from streaming.events import Final as Segment
from streaming.rest.answer import Answer
from streaming.rest.desk import Visit
from streaming.rest.openai_replies import sse

_EVERY_S: Final = 1.0
_ALIVE_S: Final = 15.0
_COMMENT: Final = b": alive\n\n"


@asynccontextmanager
async def progress_told(answer: Answer, visit: Visit, *, events: bool) -> AsyncIterator[None]:
    """Tell of the visit's recording while the block lasts; the answer must have begun."""
    telling = asyncio.create_task(_tell(answer, visit, events=events))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


def timed(segment: Segment) -> bytes:
    """Return the event that says when and in which words a piece of text was said."""
    return sse(
        {
            "type": "transcript.segment",
            "text": segment.text.strip(),
            "start_ms": segment.start_ms,
            "end_ms": segment.end_ms,
            "language": segment.language,
            "confidence": segment.confidence,
            "words": [
                {
                    "text": word.text,
                    "start_ms": word.start_ms,
                    "end_ms": word.end_ms,
                    "confidence": word.confidence,
                }
                for word in segment.words or ()
            ],
        }
    )


async def _tell(answer: Answer, visit: Visit, *, events: bool) -> None:
    loop = asyncio.get_running_loop()
    said, at = None, loop.time()
    with contextlib.suppress(OSError):  # of a socket that is gone: whoever else sends will see
        while True:
            now = _progress(visit) if events else None
            if now != said:
                said, at = now, loop.time()
                await answer.event(sse({"type": "transcript.progress", **(now or {})}))
            elif loop.time() - at >= _ALIVE_S:
                at = loop.time()
                await answer.event(_COMMENT)
            await asyncio.sleep(_EVERY_S)


def _progress(visit: Visit) -> dict[str, Any]:
    recording = visit.recording
    if recording is None:
        return {"status": "queued", "decoded_ms": 0, "duration_ms": None}
    return {
        "status": "running",
        "decoded_ms": recording.decoded_ms,
        "duration_ms": recording.duration_ms,
    }
