"""One answer over HTTP, whole or event by event, that knows how far it has come."""

from __future__ import annotations

import contextlib

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streaming.errors import WirescribeError
from streaming.rest.errors import openai_refusal
from streaming.rest.openai_replies import sse
from streaming.transports.openai_realtime.failures import error_object


def headers(*, hit: bool) -> dict[str, str]:
    """Return the fields of an answer; ``hit``: the recording had been heard before."""
    return {"X-Cache": "hit" if hit else "miss", "Cache-Control": "no-store"}


class Answer:
    """What has been answered to one request so far."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._streaming = False
        self._over = False

    async def whole(self, response: Response) -> None:
        """Answer at once."""
        self._over = True
        await self._send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            }
        )
        await self._send({"type": "http.response.body", "body": response.body})

    async def begin_events(self, *, hit: bool) -> None:
        """Begin to answer with events."""
        self._streaming = True
        events = Response(
            media_type="text/event-stream",
            headers={**headers(hit=hit), "X-Accel-Buffering": "no"},
        )
        del events.headers["content-length"]
        await self._send(
            {"type": "http.response.start", "status": 200, "headers": events.raw_headers}
        )

    async def event(self, data: bytes) -> None:
        """Send one more."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes) -> None:
        """Send the last one."""
        self._over = True
        await self._send({"type": "http.response.body", "body": data})

    async def fail(self, error: WirescribeError, scope: Scope, receive: Receive) -> None:
        """Say what went wrong, as far as it can still be said."""
        if self._over:
            return
        with contextlib.suppress(OSError):
            if self._streaming:
                await self.end(sse({"type": "error", "error": error_object(error)}))
            else:
                self._over = True
                await openai_refusal(error)(scope, receive, self._send)
