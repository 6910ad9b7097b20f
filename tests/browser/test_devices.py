"""Microphones that come and go, in a Firefox on a sound server that a test plugs and unplugs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.bidi import FirefoxTab
from tests.browser.capturing import build_pages
from tests.browser.firefox import firefox, microphone
from tests.browser.scripted import scripted_server
from tests.browser.sounds import tone, write_wav

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_HEADSET = (
    "module-remap-source",
    "source_name=headset",
    "master=room.monitor",
    "source_properties=device.description=Headset",
)
_LISTEN = """
(async () => {
  globalThis.told = [];
  // Names and numbers are told to a page that listens.
  const first = await capture.microphone();
  const { deviceId } = (await capture.microphones()).find(({ label }) => label === "Headset");
  await first.stop();
  capture.watchMicrophones(({ added, removed }) =>
    told.push(["devices", added.map(({ label }) => label), removed.map(({ label }) => label)]));
  globalThis.plain = await capture.microphone({ deviceId });
  globalThis.safe = await capture.microphone({ deviceId, fallback: true, autoGainControl: false });
  for (const [name, source] of Object.entries({ plain, safe })) {
    source.on("lost", ({ code }) => told.push([name, "lost", code]));
    source.on("device", ({ label }) => told.push([name, "device", label !== "Headset"]));
  }
  safe.on("level", ([{ rms }]) => (globalThis.level = rms));
})()
"""


class SoundCard:
    """What plugs a headset in, and out."""

    def __init__(self, home: Path) -> None:
        server = f"unix:{home / 'sound.socket'}"
        self._environment = {**os.environ, "HOME": str(home), "PULSE_SERVER": server}
        self._module = ""

    async def plug(self) -> None:
        """A second microphone, called Headset."""
        self._module = await self._pactl("load-module", *_HEADSET)

    async def unplug(self) -> None:
        """Takes it away, whoever uses it."""
        await self._pactl("unload-module", self._module)

    async def _pactl(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "pactl", *arguments, env=self._environment, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode().strip()


@pytest_asyncio.fixture(loop_scope="session")
async def card(firefox_path: str, tmp_path: Path) -> AsyncIterator[tuple[SoundCard, FirefoxTab]]:
    """A headset that can be pulled, and a page; somebody speaks all the time."""
    home = tmp_path / "home"
    home.mkdir()
    site = tmp_path / "site"
    site.mkdir()
    async with (
        scripted_server(build_pages(site)) as server,
        microphone(home) as heard,
        firefox(firefox_path, home) as bidi,
        bidi.tab() as tab,
    ):
        await heard.play(write_wav(tmp_path / "tone.wav", tone(60, 1000)))
        card = SoundCard(home)
        await card.plug()
        await tab.open(f"{server.url}capturing.html")
        await tab.wait_for("globalThis.capture !== undefined")
        yield card, tab


async def test_a_headset_is_pulled_and_plugged_in_again(card: tuple[SoundCard, FirefoxTab]) -> None:
    headset, tab = card
    await tab.wait_for("capture.microphones().then((all) => all.length > 0)")
    await tab.evaluate(_LISTEN)
    await headset.unplug()
    await tab.wait_for("told.length >= 3")
    told = await tab.evaluate("told.map((each) => each.flat().join(' '))")
    assert sorted(told) == ["devices Headset", "plain lost device_lost", "safe device true"]
    live = "[plain, safe].map(({ inputs }) => inputs[0].live)"
    assert await tab.evaluate(live) == [False, True]
    # The other microphone is heard at once.
    await tab.wait_for("level > 0.3")
    await headset.plug()
    await tab.wait_for("told.length === 4")
    assert await tab.evaluate("told[3].flat().join(' ')") == "devices Headset"

    # What this browser can't do has its code; nobody is asked for anything.
    refused = "then(() => 'runs', ({ code, input }) => `${code} ${input}`)"
    assert await tab.evaluate("capture.canCaptureTab()") is False
    for call in ("tab()", "mixed()"):
        said = await tab.evaluate(f"capture.{call}.{refused}")
        assert said == "tab_audio_unsupported tab"
