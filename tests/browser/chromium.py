"""Finds and starts a Chromium whose microphone plays a file."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.browser.devtools import DevTools
from tests.browser.starting import started

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_S = 30.0
# Ends the browser and all its children when our end of the pipe closes: also when a test run is
# killed and cleans nothing up.
_GUARD = '"$0" "$@" & cat >/dev/null; kill -KILL 0'


def find_chromium() -> str | None:
    """The browser named by WIRESCRIBE_CHROMIUM, else the first one on the PATH."""
    named = os.environ.get("WIRESCRIBE_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def chromium(
    executable: str,
    profile: Path,
    *,
    microphone: Path | None,
    ask: bool = False,
    shared: str | None = None,
) -> AsyncIterator[DevTools]:
    """A running browser, closed on leaving.

    `microphone` is a WAV file that is heard once, from the moment the page listens; without it
    the machine has no sound device at all. With `ask` the browser grants nothing by itself.
    `shared` is the title of the tab that a page gets which asks for one, with its real sound.
    """
    flags = [
        "--headless",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        # As on a desktop; without a window it would let any page make sound.
        "--autoplay-policy=document-user-activation-required",
        # A name that is not this machine's own, for the page on an insecure address.
        "--host-resolver-rules=MAP captions.test 127.0.0.1",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")
    if microphone is not None:
        flags.append("--use-fake-device-for-media-stream")
        flags.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    # A muted browser shares silence.
    flags.append(
        "--mute-audio" if shared is None else f"--auto-select-tab-capture-source-by-title={shared}"
    )
    if not ask:
        flags.append("--use-fake-ui-for-media-stream")
    async with started(
        "sh",
        "-c",
        _GUARD,
        executable,
        *flags,
        mark="DevTools listening on ",
        start_s=START_S,
        stdin=asyncio.subprocess.PIPE,
    ) as address:
        devtools = await DevTools.connect(address)
        try:
            yield devtools
        finally:
            await devtools.close()
