"""Takes the pictures of the page: real speech, the real server, the page mid-sentence.

    python -m tests.browser.screenshot docs/images

Needs the measuring recordings or espeak-ng, the embedded model and a Chromium.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import chromium, find_chromium
from tests.browser.devtools import Page
from tests.browser.speech import TWENTY_SECONDS, speech_for_microphone
from tests.browser.steps import LOG, OPEN
from tests.support.recordings import embedded_model
from tests.support.server import running_server

# A first line settled, a second with firm and with tentative words.
_MID_SENTENCE = f"""
{LOG}.childElementCount >= 1 &&
({OPEN}.querySelector('.firm')?.textContent.length ?? 0) > 40 &&
({OPEN}.querySelector('.guess')?.textContent.length ?? 0) > 5
"""


# Name, width, height, scale, colour scheme; the first one is the README's.
_VIEWS = (
    ("captions", 1120, 640, 1, "light"),
    ("captions-dark", 1120, 640, 1, "dark"),
    ("captions-phone", 390, 760, 1, "light"),
    ("captions-phone-dark", 390, 760, 1, "dark"),
)


async def take(url: str, microphone: Path, profile: Path, target: Path) -> None:
    """The page while the second sentence is being said, in all views."""
    browser = find_chromium()
    if browser is None:
        raise SystemExit("no Chromium found")
    async with (
        chromium(browser, profile, microphone=microphone) as devtools,
        Page.opened(devtools) as page,
    ):
        await page.resize(1120, 640)
        await page.open(url)
        await page.click("#start")
        await page.wait_for(_MID_SENTENCE, timeout_s=60)
        for name, width, height, scale, scheme in _VIEWS:
            await page.resize(width, height, scale, mobile=width < 500)
            await page.prefer(color_scheme=scheme, reduced_motion="reduce")
            (target / f"{name}.png").write_bytes(await page.screenshot())


def main(target: Path) -> None:
    """Writes the pictures into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        speech = speech_for_microphone(folder, TWENTY_SECONDS)
        with running_server(folder, "--model", embedded_model(), "--device", "cpu") as server:
            asyncio.run(take(server.http, speech.wav, folder / "profile", target))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
