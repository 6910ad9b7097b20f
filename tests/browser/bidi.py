"""WebDriver BiDi, as far as these tests need it: one socket, tabs of a Firefox.

https://www.w3.org/TR/webdriver-bidi/
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.browser.devtools import WAIT_S, Tab

START_S = 60.0


class BidiError(Exception):
    """A command that the browser refused, or a script that threw in the page."""


class Bidi:
    """A connection to the browser; commands are awaited, what pages log goes to their tabs."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, FirefoxTab] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connects to the address that the browser printed when it started."""
        bidi = cls(await connect(f"{url}/session", max_size=None, ping_interval=None))
        prompts = {"unhandledPromptBehavior": {"default": "accept"}}
        # It listens before it has started: the first answer takes its time.
        await bidi.call("session.new", {"capabilities": {"alwaysMatch": prompts}}, START_S)
        await bidi.call("session.subscribe", {"events": ["log.entryAdded"]})
        return bidi

    async def call(
        self, method: str, params: dict[str, Any] | None = None, timeout_s: float = WAIT_S
    ) -> dict[str, Any]:
        """Sends one command and returns its result."""
        self._next_id += 1
        message = {"id": self._next_id, "method": method, "params": params or {}}
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._next_id] = answer
        await self._socket.send(json.dumps(message))
        reply = await asyncio.wait_for(answer, timeout_s)
        if reply["type"] == "error":
            raise BidiError(f"{method}: {reply['error']}: {reply['message']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def close(self) -> None:
        """Closes the socket, not the browser."""
        await self._socket.close()
        await self._reader

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[FirefoxTab]:
        """A new tab that shares nothing with any other; closed on leaving."""
        user = await self.call("browser.createUserContext")
        made = await self.call("browsingContext.create", {"type": "tab", **user})
        tab = self._tabs[made["context"]] = FirefoxTab(self, made["context"])
        try:
            yield tab
        finally:
            await self.call("browser.removeUserContext", user)

    async def _read(self) -> None:
        # A browser that quits closes its socket without a word.
        with suppress(ConnectionClosed):
            async for raw in self._socket:
                self._dispatch(json.loads(raw))

    def _dispatch(self, message: dict[str, Any]) -> None:
        waiting = self._waiting.pop(message.get("id") or -1, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
        if message.get("method") == "log.entryAdded":
            entry = message["params"]
            tab = self._tabs.get(entry["source"].get("context", ""))
            if tab is not None and entry["level"] == "error":
                tab.complaints.append(str(entry["text"]))


class FirefoxTab(Tab):
    """One tab of a Firefox."""

    def __init__(self, bidi: Bidi, context: str) -> None:
        super().__init__()
        self._bidi = bidi
        self._context = context

    async def open(self, url: str) -> None:
        """Loads `url` and waits for the page's own script to have run."""
        params = {"context": self._context, "url": url, "wait": "complete"}
        await self._bidi.call("browsingContext.navigate", params)

    async def evaluate(self, script: str) -> Any:
        """Runs `script` as if the reader had pressed a key, and returns its value."""
        result = await self._bidi.call(
            "script.evaluate",
            {
                "expression": script,
                "target": {"context": self._context},
                "awaitPromise": True,
                "userActivation": True,
                "serializationOptions": {"maxObjectDepth": 4},
            },
        )
        if result["type"] == "exception":
            raise BidiError(f"{script}: {result['exceptionDetails']['text']}")
        return _value(result["result"])

    async def click(self, selector: str) -> None:
        """Presses the middle of the element with a real mouse event."""
        x, y = await self.middle(selector)
        pointer = [
            {"type": "pointerMove", "x": round(x), "y": round(y)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._bidi.call(
            "input.performActions",
            {
                "context": self._context,
                "actions": [{"type": "pointer", "id": "mouse", "actions": pointer}],
            },
        )

    async def resize(self, width: int, height: int) -> None:
        """Gives the page a window of this many CSS pixels."""
        viewport = {"width": width, "height": height}
        await self._bidi.call(
            "browsingContext.setViewport", {"context": self._context, "viewport": viewport}
        )

    async def screenshot(self) -> bytes:
        """What the reader sees, as a PNG file."""
        shot = await self._bidi.call(
            "browsingContext.captureScreenshot", {"context": self._context}
        )
        return base64.b64decode(shot["data"])

    @asynccontextmanager
    async def asleep(self) -> AsyncIterator[None]:
        """Another tab lies before this one: its timers run once a second at most."""
        other = await self._bidi.call("browsingContext.create", {"type": "tab"})
        try:
            await self.wait_for("document.visibilityState === 'hidden'")
            yield
        finally:
            await self._bidi.call("browsingContext.close", other)
            await self._bidi.call("browsingContext.activate", {"context": self._context})


def _value(remote: dict[str, Any]) -> Any:
    """The value that BiDi describes."""
    match remote["type"]:
        case "undefined" | "null":
            return None
        case "array":
            return [_value(each) for each in remote["value"]]
        case "object":
            return {key: _value(value) for key, value in remote["value"]}
        case _:
            return remote.get("value")
