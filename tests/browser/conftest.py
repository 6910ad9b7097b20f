"""Fixtures: a browser with a fake microphone, and a scripted server."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests.browser.chromium import chromium, find_chromium
from tests.browser.devtools import DevTools, Page
from tests.browser.examples import build_examples
from tests.browser.firefox import find_firefox
from tests.browser.scripted import ScriptedServer, scripted_server
from tests.browser.sounds import voice_like, write_wav

Browsers = Callable[[Path], Awaitable[DevTools]]


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
def firefox_path() -> str:
    """The other browser, and what gives it a microphone; on CI they must be there."""
    path = find_firefox()
    missing = [name for name in ("pulseaudio", "paplay") if shutil.which(name) is None]
    if path is None or missing:
        reason = f"no {' and no '.join(missing or ['Firefox'])} found (see .ci/run)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute that moves the meter like a voice."""
    return write_wav(tmp_path_factory.mktemp("sound") / "voice.wav", np.tile(voice_like(6), 10))


@pytest.fixture
def microphone(request: pytest.FixtureRequest) -> Path:
    """What the fake microphone plays; a test names another fixture as the parameter of this."""
    path: Path = request.getfixturevalue(getattr(request, "param", "voice"))
    return path


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browsers(
    browser_path: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browsers]:
    """Browsers by what their microphone plays; each starts once and serves all its tests."""
    async with AsyncExitStack() as stack:
        running: dict[Path, DevTools] = {}

        async def browser(microphone: Path) -> DevTools:
            if microphone not in running:
                profile = tmp_path_factory.mktemp("profile")
                opened = chromium(browser_path, profile, microphone=microphone)
                running[microphone] = await stack.enter_async_context(opened)
            return running[microphone]

        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def page(browsers: Browsers, microphone: Path) -> AsyncIterator[Page]:
    """An empty tab whose microphone is allowed; what is in it must not complain of anything."""
    async with Page.opened(await browsers(microphone)) as page:
        await page.resize(1280, 800)
        yield page
        # The page asks now and then how the server is; a test's own may have gone by then.
        gone = ("net::ERR_CONNECTION_REFUSED", "/readyz")
        assert [each for each in page.complaints if not all(it in each for it in gone)] == []


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The browser examples and the package they use, built."""
    folder = tmp_path_factory.mktemp("site")
    build_examples(folder)
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def examples(site: Path) -> AsyncIterator[ScriptedServer]:
    """A scripted server for the examples."""
    async with scripted_server(site) as scripted:
        yield scripted
    assert scripted.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[ScriptedServer]:
    """A scripted server on a free port."""
    async with scripted_server() as scripted:
        yield scripted
    assert scripted.faults == []
