"""The page before a server that wants a key: it asks, keeps it to its tab, and shows it nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streaming.auth.keys import digest_of, new_key
from tests.browser.devtools import Page
from tests.integration.harness import Running, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

KEY = new_key()
LIVE = "['live', 'speech'].includes(document.querySelector('#dock').dataset.tone)"
ASKED = "!document.querySelector('#key-form').hidden"


@pytest.fixture(scope="module")
def locked() -> Iterator[Running]:
    """A server with a key."""
    with serving(auth={"keys": [f"page:{digest_of(KEY)}"]}) as running:
        yield running


async def enter(page: Page, key: str) -> None:
    """Type it and press Enter; the field has the focus."""
    assert await page.evaluate("document.activeElement.id") == "key"
    await page.call("Input.insertText", {"text": key})
    await page.press("Enter", 13, "\r")


async def test_it_asks_for_a_key_and_goes_on(page: Page, locked: Running) -> None:
    await page.open(locked.http)
    assert await page.evaluate(ASKED) is False
    await page.click("#start")
    await page.wait_for(ASKED)
    assert "wants a key" in await page.text("#failure-title")
    await enter(page, "ws_nonsense")
    await page.wait_for(f"{ASKED} && document.querySelector('#key').value === ''")
    await page.wait_for("document.activeElement.id === 'key'")
    assert await page.evaluate("sessionStorage.length") == 0  # what was refused is forgotten
    await enter(page, KEY)
    await page.wait_for(LIVE)
    assert await page.evaluate("document.querySelector('#failure').hidden") is True
    await page.click("#stop")
    await page.wait_for("!document.querySelector('#start').hidden")
    kept = (
        "JSON.stringify([{...sessionStorage}, {...localStorage}, location.href, document.cookie])"
    )
    assert (await page.evaluate(kept)).count(KEY) == 1
    assert await page.evaluate("Object.values({...sessionStorage})") == [KEY]


async def test_a_link_brings_it_along_and_shows_it_no_more(page: Page, locked: Running) -> None:
    await page.open(f"{locked.http}/#token={KEY}")
    assert await page.evaluate("location.href") == f"{locked.http}/"
    assert await page.evaluate("history.length") <= 2
    await page.click("#start")
    await page.wait_for(LIVE)
    await page.click("#stop")
    await page.wait_for("!document.querySelector('#start').hidden")
    # A link that is opened in the tab that has the page already changes the fragment alone.
    await page.evaluate("location.hash = 'token=ws_other'")
    await page.wait_for("location.hash === ''")
    await page.wait_for("sessionStorage.getItem('wirescribe.key') === 'ws_other'")
