"""Takes the README's picture: real speech, the real server, the page mid-sentence.

    python -m tests.browser.screenshot docs/images/captions.png [light|dark]

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


async def take(url: str, microphone: Path, profile: Path, scheme: str) -> bytes:
    """The page while the second sentence is being said."""
    browser = find_chromium()
    if browser is None:
        raise SystemExit("no Chromium found")
    async with (
        chromium(browser, profile, microphone=microphone) as devtools,
        Page.opened(devtools) as page,
    ):
        await page.resize(1120, 640)
        await page.prefer(color_scheme=scheme)
        await page.open(url)
        await page.click("#start")
        await page.wait_for(_MID_SENTENCE, timeout_s=60)
        return await page.screenshot()


def main(target: Path, scheme: str = "light") -> None:
    """Writes the picture."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        speech = speech_for_microphone(folder, TWENTY_SECONDS)
        with running_server(folder, "--model", embedded_model(), "--device", "cpu") as server:
            picture = asyncio.run(take(server.http, speech.wav, folder / "profile", scheme))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
