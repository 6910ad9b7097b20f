"""What most tests of the page do: open it, press Start, wait for words."""

from __future__ import annotations

from tests.browser.devtools import Page
from tests.browser.scripted import ScriptedServer, Session

HEARING = "document.querySelector('#headline').textContent === 'Hearing speech'"
LISTENING = "document.querySelector('#headline').textContent === 'Listening'"
STOPPED = "document.querySelector('#headline').textContent === 'Stopped'"


# What `<live-captions>` holds: the transcript, what a screen reader hears, what is being said.
CAPTIONS = "document.querySelector('#captions').shadowRoot.querySelector('.port')"
LOG = "document.querySelector('#captions').shadowRoot.querySelector('[role=log]')"
OPEN = "document.querySelector('#captions').shadowRoot.querySelector('.open')"


def shows(text: str, within: str = CAPTIONS) -> str:
    """A script that is true while `text` stands in an element: a selector, or one of the above."""
    element = within if within.startswith("document") else f"document.querySelector({within!r})"
    return f"{element}?.textContent.includes({text!r})"


async def listen(page: Page, server: ScriptedServer) -> Session:
    """Opens the page, presses Start, and returns the session the server sees."""
    number = len(server.sessions)
    await page.open(server.url)
    await page.click("#start")
    return await server.session(number)


async def just_listen(session: Session) -> None:
    """A script: hears, and says nothing."""
    await session.started()
    await session.end()
