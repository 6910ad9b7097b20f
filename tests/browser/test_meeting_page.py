"""A meeting on the page: both sources, pause, hot words, search, languages, and who can use it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.browser.devtools import Page
from tests.browser.scripted import ScriptedServer, Session
from tests.browser.steps import CAPTIONS, STOPPED, listen, shows

# One loop for all tests: the browsers outlive each of them.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = Path(__file__).resolve().parents[2] / "client_js" / "node_modules" / "axe-core" / "axe.min.js"
PAUSED = "document.querySelector('#headline').textContent === 'Paused'"
COUNT = "document.querySelector('#find-count').value"


def choose(name: str, value: str) -> str:
    """A script that changes a control."""
    return (
        f"(() => {{ const e = document.querySelector('#{name}'); e.value = {value!r};"
        "e.dispatchEvent(new Event('change')); })()"
    )


async def test_microphone_and_tab_are_told_apart_and_hot_words_reach_the_server(
    page: Page, server: ScriptedServer
) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.heard(600)
        await session.final(0, "Can you hear me?")
        await session.final(1, "Loud and clear.", channel=1)
        await session.end()

    server.play(script)
    await page.open(server.url)
    await page.evaluate(choose("hotwords", "Erfurt, ICE 4\nErfurt"))
    await page.click("[name=source][value=both]")
    await page.click("#start")
    session = await server.session(0)
    assert session.start["audio"]["channels"] == 2
    assert session.start["audio"]["channel_names"] == ["You", "Tab"]
    assert session.start["hotwords"] == ["Erfurt", "ICE 4"]
    await page.wait_for(shows("You: Can you hear me?"))
    await page.wait_for(shows("Tab: Loud and clear."))
    await page.evaluate(choose("hotwords", "Gotha"))
    assert (await session.said("configure"))["hotwords"] == ["Gotha"]
    await page.evaluate(
        "URL.createObjectURL = (blob) => { window.saved = blob.text(); return '#'; }"
    )
    await page.click("#save")
    await page.click("[data-format=vtt]")
    saved = await page.evaluate("saved")
    assert "<v You>Can you hear me?" in saved
    assert "<v Tab>Loud and clear." in saved
    await page.click("#stop")
    await page.wait_for(STOPPED)


async def test_while_it_pauses_no_sound_leaves_the_device(
    page: Page, server: ScriptedServer
) -> None:
    asleep = asyncio.Event()

    async def first(session: Session) -> None:
        await session.started()
        request = await session.said("finalize")
        await session.say("finalized", id=request["id"], through_ms=session.audio_ms)
        await session.say("ack", received_ms=session.audio_ms, decoded_ms=session.audio_ms)
        await asleep.wait()
        # What a server does with a session that says nothing for long.
        await session.fail(4408, "idle_timeout", "nothing came", retryable=True)

    async def second(session: Session) -> None:
        await session.started()
        await session.end()

    server.play(first, second)
    session = await listen(page, server)
    await session.heard(400)
    await page.click("#pause")
    await page.wait_for(PAUSED)
    await session.said("finalize")
    before, elapsed = session.audio_ms, await page.text("#elapsed")
    await asyncio.sleep(1.2)
    assert session.audio_ms - before <= 100  # what was on its way
    assert await page.text("#elapsed") == elapsed
    asleep.set()
    await asyncio.sleep(0.3)
    assert await page.evaluate(PAUSED)
    assert len(server.sessions) == 1
    assert (await page.text("#pause")).strip() == "Go on"
    await page.click("#pause")
    await (await server.session(1)).heard(400)
    await page.wait_for(f"!({PAUSED})")
    await page.click("#stop")
    await page.wait_for(STOPPED)


async def test_search_languages_and_what_axe_finds(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        for number in range(300):
            await session.final(number, f"Sentence {number}, about the Café of the cafés.")
        await session.partial(300, "And one", "more cafe", revision=1, start_ms=1_300_000)
        await session.end()

    server.play(script)
    await page.prefer(reduced_motion="reduce")
    await listen(page, server)
    await page.wait_for(shows("more cafe"))
    # As everywhere: Ctrl+F, type, Enter for the next one, Shift+Enter back, Escape.
    await page.call(
        "Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "f", "code": "KeyF", "modifiers": 2}
    )
    await page.call("Input.insertText", {"text": "CAFE"})
    await page.wait_for(f"{COUNT} === '601 of 601'")
    await page.press("Enter", 13, "\r")
    await page.wait_for(f"{COUNT} === '1 of 601'")
    # The first sentence is far from what is laid out; now it is in view.
    first = f"[...{CAPTIONS}.querySelectorAll('.line')]"
    first += ".find((e) => e.textContent.includes('Sentence 0,'))"
    await page.wait_for(f"{first}?.getBoundingClientRect().top > 0")
    assert await page.evaluate("CSS.highlights.get('live-captions-current').size") == 1
    await _axe(page, "while it searches")
    await page.evaluate(choose("find", "nowhere"))
    await page.evaluate("document.querySelector('#find').dispatchEvent(new Event('input'))")
    assert await page.evaluate(COUNT) == "Not found"
    await page.press("Escape", 27)
    assert await page.evaluate("document.activeElement.id") == "search"
    assert await page.evaluate("CSS.highlights.get('live-captions-current').size") == 0
    await page.click("#stop")
    await page.wait_for(STOPPED)

    await page.click("#settings")
    await _axe(page, "settings")
    for locale, tag, start, stopped in (
        ("de", "de", "Zuhören", "Beendet"),
        ("zh", "zh-Hans", "开始聆听", "已停止"),
        ("", "en", "Start listening", "Stopped"),
    ):
        await page.evaluate(choose("page-language", locale))
        assert await page.evaluate("document.documentElement.lang") == tag
        assert (await page.text("#start")).strip() == start
        assert await page.text("#headline") == stopped
        kept = json.loads(await page.evaluate("localStorage['wirescribe.preferences']"))
        assert kept.get("locale", "") == locale
    await page.click("#settings-close")
    await page.click("#clear")
    await _axe(page, "at rest")
    await page.prefer(color_scheme="dark", reduced_motion="reduce")
    await _axe(page, "in the dark")


async def _axe(page: Page, where: str) -> None:
    """Nothing that axe-core knows to be wrong; unsaid where it is not installed."""
    if not AXE.is_file():
        assert not os.environ.get("CI"), "CI has axe-core: npm ci in client_js"
        return
    if not await page.evaluate("'axe' in window"):
        await page.call("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = await page.evaluate(
        "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>"
        " nodes.map((node) => `${id}: ${node.html.slice(0, 90)} ${node.any[0]?.message ?? ''}`)))"
    )
    assert found == [], where
