"""The examples for browsers, as they are: in plain HTML, in React, over a picture in OBS."""

from __future__ import annotations

import pytest

from tests.browser.devtools import Page
from tests.browser.scripted import ScriptedServer, Session

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CAPTIONS = "document.querySelector('live-captions')"
INSIDE = f"{CAPTIONS}.shadowRoot"


def stream(server: ScriptedServer) -> str:
    """The server's address, as it goes into a page's own."""
    return f"url=ws://127.0.0.1:{server.port}"


def reads(text: str, where: str) -> str:
    """A script that is true while a part of the component shows a text."""
    return f"{INSIDE}?.querySelector({where!r})?.textContent.includes({text!r})"


async def talk(session: Session) -> None:
    """A sentence in the making, then settled, then the end."""
    await session.started()
    await session.heard(200)
    await session.partial(0, "All for", "won", revision=1)
    await session.heard(600)
    await session.final(0, "All for one.")
    await session.end()


async def test_plain_html(page: Page, examples: ScriptedServer) -> None:
    examples.play(talk)
    await page.open(f"{examples.url}examples/html/?{stream(examples)}&language=en&pace=0")
    await page.wait_for("customElements.get('live-captions')")
    await page.evaluate(
        f"window.states = []; {CAPTIONS}.addEventListener('captions-state',"
        " ({ detail }) => states.push(detail.state)); 0"
    )
    button = f"{INSIDE}.querySelector('.start')"
    await page.evaluate(f"{button}.click()")
    await page.wait_for(reads("won", ".guess"))
    await page.wait_for(reads("All for one.", "[role=log]"))
    assert (await examples.session(0)).start["language"] == "en"
    assert await page.evaluate(f"{button}.textContent") == "Stop"
    await page.evaluate(f"{button}.click()")
    await page.wait_for("states.at(-1) === 'idle'")
    assert await page.evaluate("states") == [
        "asking",
        "connecting",
        "listening",
        "stopping",
        "idle",
    ]
    # What goes wrong is said, and what to do.

    async def refuse(session: Session) -> None:
        await session.fail(4401, "not_authorised", "no key")

    examples.play(refuse)
    await page.evaluate(f"{button}.click()")
    await page.wait_for(reads("wants a key", "[role=alert]"))
    # Another that is fed: by a transcriber of the page's own.
    examples.play(talk)
    await page.evaluate(
        "import('/client_js/dist/index.js').then(async ({ createTranscriber }) => {"
        " const own = createTranscriber({ url: location.origin.replace('http', 'ws') });"
        " const fed = document.createElement('live-captions'); fed.mode = 'transcript';"
        " fed.transcriber = own; document.querySelector('live-captions').replaceWith(fed);"
        " await own.connect(); own.send(new Int16Array(16000)); window.own = own; })"
    )
    await page.wait_for(reads("All for one.", "[role=log]"))
    await page.evaluate("own.stop()")
    assert await page.evaluate(f"[{CAPTIONS}.state, {CAPTIONS}.text]") == ["idle", "All for one."]
    # The refusal, which the browser mentions itself.
    page.complaints[:] = [said for said in page.complaints if "WebSocket" not in said]


async def test_react(page: Page, examples: ScriptedServer) -> None:
    examples.play(talk)
    await page.open(f"{examples.url}examples/react/?{stream(examples)}")
    await page.wait_for("document.querySelector('button')?.textContent === 'Start'")
    await page.evaluate("document.querySelector('button').click()")
    await page.wait_for(reads("All for one.", "[role=log]"))
    assert await page.evaluate("document.querySelector('output').textContent") == "listening"
    await page.evaluate("document.querySelectorAll('button')[1].click()")
    await page.wait_for("document.querySelector('li')?.textContent === 'All for one.'")
    # Drawing the page anew keeps the text and the connection.
    assert await page.evaluate(f"{CAPTIONS}.text") == "All for one."
    await page.evaluate("document.querySelector('button').click()")
    await page.wait_for("document.querySelector('output').textContent === 'idle'")
    assert len(examples.sessions) == 1


async def test_obs(page: Page, examples: ScriptedServer) -> None:
    examples.play(talk)
    looks = "size=8&place=top&language=de&speakers=Anna&pace=0"
    await page.resize(1280, 720)
    await page.open(f"{examples.url}examples/obs/?{stream(examples)}&{looks}")
    await page.wait_for(reads("All for one.", "[role=log]"))
    session = await examples.session(0)
    assert session.start["language"] == "de"
    assert await page.evaluate(f"{INSIDE}.querySelector('.row').textContent") == (
        "Anna: All for one."
    )
    # Whatever is not text lets the picture through.
    assert (
        await page.evaluate(
            "[document.documentElement, document.body, document.querySelector('main'),"
            f" {CAPTIONS}, {INSIDE}.querySelector('.frame'), {INSIDE}.querySelector('.row')]"
            ".map((e) => getComputedStyle(e).backgroundColor)"
        )
        == ["rgba(0, 0, 0, 0)"] * 6
    )
    assert await page.evaluate(
        f"[getComputedStyle({INSIDE}.querySelector('.row')).fontSize,"
        f" {CAPTIONS}.getBoundingClientRect().top < 60]"
    ) == ["57.6px", True]
    await page.open(f"{examples.url}examples/obs/?demo&pace=0")
    await page.wait_for(reads("Casterbridge", ".rows"))
    assert len(examples.sessions) == 1
