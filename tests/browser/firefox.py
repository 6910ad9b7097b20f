"""Finds and starts a Firefox that hears what a file says, through a sound server of its own.

Firefox's own fake microphone plays a tone. Here a PulseAudio without any device is the machine's
sound: its one microphone hears what is played into its one loudspeaker.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.browser.bidi import Bidi
from tests.browser.starting import started

NAMES = ("firefox-esr", "firefox")
START_S = 45.0
_SOCKET = "sound.socket"
_PREFERENCES = {
    # Grants the microphone without a question, as somebody would who pressed "Allow".
    "media.navigator.permission.disabled": "true",
    "media.navigator.streams.fake": "false",
    "app.update.enabled": "false",
    "browser.shell.checkDefaultBrowser": "false",
    "browser.startup.homepage_override.mstone": '"ignore"',
    "datareporting.policy.dataSubmissionEnabled": "false",
    "toolkit.telemetry.reportingpolicy.firstRun": "false",
    "network.captive-portal-service.enabled": "false",
    "network.connectivity-service.enabled": "false",
    "browser.safebrowsing.malware.enabled": "false",
    "browser.safebrowsing.phishing.enabled": "false",
    "services.settings.server": '"data:,"',
}


def find_firefox() -> str | None:
    """The browser named by WIRESCRIBE_FIREFOX, else the first one on the PATH."""
    named = os.environ.get("WIRESCRIBE_FIREFOX")
    if named:
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Microphone:
    """The machine's only microphone: silent, until it is told to play a file."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._playing: list[asyncio.subprocess.Process] = []

    async def play(self, wav: Path) -> None:
        """Says what is in a file, from now on, once."""
        self._playing.append(
            await asyncio.create_subprocess_exec("paplay", str(wav), env=self._environment)
        )

    async def hush(self) -> None:
        """Ends what is being said."""
        for process in self._playing:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self._playing.clear()


@asynccontextmanager
async def microphone(folder: Path) -> AsyncIterator[Microphone]:
    """A sound server with one microphone, in `folder`."""
    environment = _environment(folder)
    process = await asyncio.create_subprocess_exec(
        "pulseaudio",
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "--disallow-exit",
        "--use-pid-file=no",
        "--log-level=error",
        # What is played into the one loudspeaker is what the one microphone hears.
        "--load=module-null-sink sink_name=room rate=48000 channels=1",
        "--load=module-remap-source source_name=microphone master=room.monitor",
        f"--load=module-native-protocol-unix auth-anonymous=1 socket={folder / _SOCKET}",
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    heard = Microphone(environment)
    try:
        async with asyncio.timeout(START_S):
            while not (folder / _SOCKET).exists():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield heard
    finally:
        await heard.hush()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Of everything that is to use this sound server, and nothing of the account's own."""
    return {
        **os.environ,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_SERVER": f"unix:{folder / _SOCKET}",
        "MOZ_CRASHREPORTER_DISABLE": "1",
    }


@asynccontextmanager
async def firefox(executable: str, folder: Path) -> AsyncIterator[Bidi]:
    """A running browser, closed on leaving; `folder` is where a `microphone` lives, too."""
    profile = folder / "profile"
    profile.mkdir()
    preferences = (f'user_pref("{name}", {value});\n' for name, value in _PREFERENCES.items())
    (profile / "user.js").write_text("".join(preferences))
    async with started(
        executable,
        "--headless",
        "--no-remote",
        "--remote-debugging-port=0",
        "--profile",
        str(profile),
        mark="WebDriver BiDi listening on ",
        start_s=START_S,
        env=_environment(folder),
    ) as address:
        bidi = await Bidi.connect(address)
        try:
            yield bidi
        finally:
            await bidi.close()
