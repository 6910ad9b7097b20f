"""How the page looks: contrast, every size of window, motion, direction of writing."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.devtools import Page
from tests.browser.reading import contrasts, overflow
from tests.browser.scripted import ScriptedServer, Session
from tests.browser.steps import CAPTIONS, OPEN, listen, shows

# One loop for all tests: the browsers outlive each of them.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_text_has_its_language_and_direction(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "مرحبا بكم", language="ar")
        await session.final(1, "Javanese", language="jw")
        await session.end()

    server.play(script)
    await listen(page, server)
    await page.wait_for(shows("Javanese"))
    line = f"{CAPTIONS}.querySelectorAll('.text')"
    assert await page.evaluate(f"{line}[0].lang") == "ar"
    assert await page.evaluate(f"getComputedStyle({line}[0]).direction") == "rtl"
    assert await page.evaluate(f"{line}[1].lang") == "jv"
    assert await page.evaluate(f"getComputedStyle({line}[1]).direction") == "ltr"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_has_enough_contrast(
    page: Page, server: ScriptedServer, scheme: str
) -> None:
    seen_all = asyncio.Event()

    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "Settled.")
        await session.partial(1, "Committed", "tentative", revision=1)
        await seen_all.wait()
        await session.fail(4422, "bad_configuration", "language: no such language")

    server.play(script)
    await page.prefer(color_scheme=scheme, reduced_motion="reduce")
    await page.open(server.url)
    seen = await contrasts(page)
    await page.click("#start")
    await page.wait_for(shows("tentative", OPEN))
    seen += await contrasts(page)
    seen_all.set()
    await page.wait_for("!document.querySelector('#failure').hidden")
    seen += await contrasts(page)
    assert len(seen) > 25
    assert [found for found in seen if found[0] < 4.5] == []


@pytest.mark.parametrize(("width", "height"), [(360, 640), (390, 844), (768, 1024), (1920, 1080)])
async def test_fits_the_window(page: Page, server: ScriptedServer, width: int, height: int) -> None:
    seen_all = asyncio.Event()

    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 3)
        await session.partial(1, "Committed", "tentative", revision=1)
        await seen_all.wait()
        await session.fail(4422, "bad_configuration", "language: " + "x" * 200)

    server.play(script)
    await page.resize(width, height, mobile=width < 500)
    await page.open(server.url)
    assert await overflow(page) == []
    await page.click("#start")
    await page.wait_for(shows("tentative", OPEN))
    await page.click("#settings")
    assert await overflow(page) == []
    for _ in range(4):
        await page.click("#larger")
    await page.click("#settings-close")
    assert await overflow(page) == []
    seen_all.set()
    await page.wait_for("!document.querySelector('#failure').hidden")
    assert await overflow(page) == []
    for button in ("#start", "#dismiss"):
        inside = f"document.querySelector('{button}').getBoundingClientRect().bottom"
        assert await page.evaluate(inside) <= height


async def test_nothing_moves_where_motion_is_unwanted(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.say("queued", position=1, eta_ms=1000)
        await session.ended.wait()

    server.play(script)
    await page.prefer(reduced_motion="reduce")
    await listen(page, server)
    await page.wait_for(shows("Waiting for a place", "#headline"))
    assert await page.evaluate("document.getAnimations().length") == 0
    await page.prefer(reduced_motion="no-preference")
    await page.wait_for("document.getAnimations().length > 0")
