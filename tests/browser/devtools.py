"""The DevTools protocol, as far as these tests need it: one socket, one page.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import abc
import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

WAIT_S = 15.0
POLL_S = 0.05

# Without the hundred options of the list of languages.
_SHOWN = "[...document.querySelectorAll('main, footer')].map((e) => e.innerText).join('\\n')"

Handler = Callable[[dict[str, Any]], None]


class DevToolsError(Exception):
    """A command that the browser refused, or a script that threw in the page."""


class DevTools:
    """A connection to the browser; commands are awaited, events go to handlers."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._handlers: dict[tuple[str | None, str], list[Handler]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connects to the address that the browser printed when it started."""
        return cls(await connect(url, max_size=None, ping_interval=None))

    def on(self, session: str | None, method: str, handler: Handler) -> None:
        """Calls `handler` with the parameters of each event `method` of a session."""
        self._handlers.setdefault((session, method), []).append(handler)

    async def call(
        self, method: str, params: dict[str, Any] | None = None, session: str | None = None
    ) -> dict[str, Any]:
        """Sends one command and returns its result."""
        self._next_id += 1
        message: dict[str, Any] = {"id": self._next_id, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._next_id] = answer
        await self._socket.send(json.dumps(message))
        reply = await asyncio.wait_for(answer, WAIT_S)
        if "error" in reply:
            raise DevToolsError(f"{method}: {reply['error']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def close(self) -> None:
        """Closes the socket, not the browser."""
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        # A browser that quits closes its socket without a word.
        with suppress(ConnectionClosed):
            async for raw in self._socket:
                self._dispatch(json.loads(raw))

    def _dispatch(self, message: dict[str, Any]) -> None:
        waiting = self._waiting.pop(message.get("id", -1), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
        event = (message.get("sessionId"), message.get("method", ""))
        for handler in self._handlers.get(event, []):
            handler(message.get("params", {}))


class Tab(abc.ABC):
    """What the tests do with a page, in whichever browser.

    What the page complains of (console errors, uncaught exceptions, violations of its
    content security policy) gathers in `complaints`.
    """

    def __init__(self) -> None:
        self.complaints: list[str] = []

    @abc.abstractmethod
    async def open(self, url: str) -> None:
        """Loads `url` and waits for the page's own script to have run."""

    @abc.abstractmethod
    async def evaluate(self, script: str) -> Any:
        """Runs `script` as if the reader had pressed a key, and returns its value."""

    @abc.abstractmethod
    async def click(self, selector: str) -> None:
        """Presses the middle of the element with a real mouse event."""

    @abc.abstractmethod
    async def screenshot(self) -> bytes:
        """What the reader sees, as a PNG file."""

    @abc.abstractmethod
    def asleep(self) -> AbstractAsyncContextManager[None]:
        """Puts the tab to sleep, as far as the browser does that, until the block is left."""

    async def wait_for(self, script: str, timeout_s: float = WAIT_S) -> Any:
        """Returns the first truthy value of `script`; fails with the page's text if none comes."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not (value := await self.evaluate(script)):
            if asyncio.get_running_loop().time() > deadline:
                shown = await self.evaluate(_SHOWN)
                raise AssertionError(
                    f"never came true: {script}\nthe page shows: {shown}\n"
                    f"the page complains: {self.complaints}"
                )
            await asyncio.sleep(POLL_S)
        return value

    async def text(self, selector: str) -> str:
        """The text that a reader sees in the element."""
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def middle(self, selector: str) -> tuple[float, float]:
        """Where the element's middle is, in CSS pixels of the window."""
        x, y = await self.evaluate(
            f"(() => {{ const r = document.querySelector({json.dumps(selector)})"
            ".getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        return float(x), float(y)


class Page(Tab):
    """One tab of a Chromium: opens addresses, runs scripts, presses buttons, takes pictures."""

    def __init__(self, devtools: DevTools, context: str, session: str) -> None:
        super().__init__()
        self._devtools = devtools
        self._context = context
        self._session = session
        self._answers: set[asyncio.Task[Any]] = set()

    @classmethod
    @asynccontextmanager
    async def opened(cls, devtools: DevTools) -> AsyncIterator[Self]:
        """A new tab that shares nothing with any other; closed on leaving."""
        context = await devtools.call("Target.createBrowserContext")
        target = await devtools.call("Target.createTarget", {"url": "about:blank", **context})
        attached = await devtools.call(
            "Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}
        )
        page = cls(devtools, context["browserContextId"], attached["sessionId"])
        devtools.on(page._session, "Runtime.exceptionThrown", page._heard_exception)
        devtools.on(page._session, "Log.entryAdded", page._heard_log)
        devtools.on(page._session, "Page.javascriptDialogOpening", page._heard_question)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await page.call(f"{domain}.enable")
        try:
            yield page
        finally:
            await devtools.call("Target.disposeBrowserContext", context)

    async def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Sends one command about this tab."""
        return await self._devtools.call(method, params, self._session)

    async def open(self, url: str) -> None:
        """Loads `url` and waits for the page's own script to have run."""
        await self.call("Page.navigate", {"url": url})
        await self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def evaluate(self, script: str) -> Any:
        """Runs `script` as if the reader had pressed a key, and returns its value."""
        result = await self.call(
            "Runtime.evaluate",
            {
                "expression": script,
                "awaitPromise": True,
                "returnByValue": True,
                "userGesture": True,
            },
        )
        if "exceptionDetails" in result:
            raise DevToolsError(f"{script}: {_exception(result['exceptionDetails'])}")
        return result["result"].get("value")

    async def click(self, selector: str) -> None:
        """Presses the middle of the element with a real mouse event."""
        x, y = await self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent",
                {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1},
            )

    async def press(self, key: str, code: int, text: str = "") -> None:
        """Presses one key, named as in `KeyboardEvent.key`."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        down = (
            {**common, "type": "keyDown", "text": text} if text else {**common, "type": "keyDown"}
        )
        await self.call("Input.dispatchKeyEvent", down)
        await self.call("Input.dispatchKeyEvent", {**common, "type": "keyUp"})

    async def resize(self, width: int, height: int, scale: float = 1, mobile: bool = False) -> None:
        """Gives the page a window of this many CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile},
        )

    async def prefer(self, **features: str) -> None:
        """Sets media features: `prefer(color_scheme="dark", reduced_motion="reduce")`."""
        await self.call(
            "Emulation.setEmulatedMedia",
            {
                "features": [
                    {"name": f"prefers-{name.replace('_', '-')}", "value": value}
                    for name, value in features.items()
                ]
            },
        )

    async def permit(self, name: str, setting: str, origin: str) -> None:
        """Answers the browser's question in advance: "granted" or "denied"."""
        await self._devtools.call(
            "Browser.setPermission",
            {
                "permission": {"name": name},
                "setting": setting,
                "origin": origin,
                "browserContextId": self._context,
            },
        )

    async def screenshot(self) -> bytes:
        """What the reader sees, as a PNG file."""
        shot = await self.call("Page.captureScreenshot", {"format": "png"})
        return base64.b64decode(shot["data"])

    @asynccontextmanager
    async def asleep(self) -> AsyncIterator[None]:
        """Another tab lies before this one: its timers run once a second at most."""
        other = await self._devtools.call(
            "Target.createTarget", {"url": "about:blank", "browserContextId": self._context}
        )
        try:
            await self._devtools.call("Target.activateTarget", other)
            await self.wait_for("document.visibilityState === 'hidden'")
            yield
        finally:
            await self._devtools.call("Target.closeTarget", other)
            await self.call("Page.bringToFront")

    def _heard_exception(self, event: dict[str, Any]) -> None:
        self.complaints.append(_exception(event["exceptionDetails"]))

    def _heard_question(self, _: dict[str, Any]) -> None:
        # Whether the page may be left while it listens: yes.
        answer = asyncio.create_task(self.call("Page.handleJavaScriptDialog", {"accept": True}))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)

    def _heard_log(self, event: dict[str, Any]) -> None:
        if event["entry"]["level"] == "error":
            self.complaints.append(f"{event['entry']['text']} {event['entry'].get('url', '')}")


def _exception(details: dict[str, Any]) -> str:
    return str(details.get("exception", {}).get("description") or details.get("text"))
