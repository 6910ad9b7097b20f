"""Fixtures: a browser with a fake microphone, and a scripted server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.chromium import chromium, find_chromium
from tests.browser.devtools import Page
from tests.browser.scripted import ScriptedServer, scripted_server
from tests.browser.sounds import voice_like, write_wav


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser, or the reason why there is none; on CI it must be there."""
    path = find_chromium()
    if path is None:
        reason = "no Chromium found (install chromium, or set WIRESCRIBE_CHROMIUM)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute that moves the meter like a voice."""
    return write_wav(tmp_path_factory.mktemp("sound") / "voice.wav", voice_like(60))


@pytest.fixture
def microphone(request: pytest.FixtureRequest) -> Path:
    """What the fake microphone plays; a test names another fixture as the parameter of this."""
    path: Path = request.getfixturevalue(getattr(request, "param", "voice"))
    return path


@pytest.fixture
async def page(
    browser_path: str, tmp_path: Path, microphone: Path
) -> AsyncIterator[Page]:
    """An empty tab of a browser whose microphone is allowed; it must not complain of anything."""
    async with chromium(browser_path, tmp_path / "profile", microphone=microphone) as devtools:
        page = await Page.create(devtools)
        await page.resize(1280, 800)
        yield page
        assert page.complaints == []


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A scripted server on a free port."""
    async with scripted_server() as scripted:
        yield scripted
    assert scripted.faults == []
