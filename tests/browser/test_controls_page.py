"""The controls: choices, keyboard, what a screen reader is told, copying and clearing."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.browser.devtools import Page
from tests.browser.reading import log_lines
from tests.browser.scripted import ScriptedServer, Session
from tests.browser.steps import CAPTIONS, LISTENING, STOPPED, just_listen, shows

# One loop for all tests: the browsers outlive each of them.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_language_and_task_reach_the_server(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "Good day.", language="de")
        await session.end()

    def choose(name: str, value: str) -> str:
        return (
            f"(() => {{ const s = document.querySelector('#{name}'); s.value = '{value}';"
            "s.dispatchEvent(new Event('change')); })()"
        )

    server.play(script)
    await page.open(server.url)
    codes = "new Set([...document.querySelectorAll('#language option')].map((o) => o.value)).size"
    assert await page.evaluate(codes) == 100
    assert await page.evaluate("document.querySelector('#language option').value") == "auto"
    await page.evaluate(choose("language", "de"))
    await page.evaluate(choose("task", "translate"))
    await page.click("#start")
    session = await server.session(0)
    assert (session.start["language"], session.start["task"]) == ("de", "translate")
    await page.wait_for(shows("Good day."))
    assert await page.evaluate(f"{CAPTIONS}.querySelector('.text').lang") == "en"
    assert await page.evaluate("document.querySelector('#task').disabled") is True
    await page.evaluate(choose("language", "fr"))
    await session.said("configure")
    assert session.messages == [{"type": "configure", "language": "fr"}]
    await page.open(server.url)
    assert await page.evaluate("document.querySelector('#language').value") == "fr"
    assert await page.evaluate("document.querySelector('#task').value") == "translate"


async def test_copy_clear_and_a_second_run(page: Page, server: ScriptedServer) -> None:
    async def first(session: Session) -> None:
        await session.started()
        await session.final(0, "First line.")
        await session.partial(1, "Committed", "and not", revision=1)
        await session.end()

    async def second(session: Session) -> None:
        await session.started()
        await session.final(0, "A second run.")
        await session.end()

    server.play(first, second)
    await page.open(server.url)
    assert await page.evaluate("document.querySelector('#copy').disabled") is True
    await page.click("#start")
    await page.wait_for(shows("and not"))
    await page.evaluate("navigator.clipboard.writeText = async (t) => { window.copied = t; }")
    await page.click("#copy")
    assert await page.wait_for("window.copied") == "First line.\nCommitted"
    await page.click("#stop")
    await page.wait_for(STOPPED)
    assert await log_lines(page) == ["First line.", "Committed and not"]
    await page.click("#start")
    await page.wait_for(shows("A second run."))
    assert (await log_lines(page))[-1] == "A second run."
    await page.click("#clear")
    assert await log_lines(page) == []
    assert await page.evaluate("document.querySelector('#welcome').hidden") is True
    await page.click("#stop")
    await page.wait_for("!document.querySelector('#welcome').hidden")


async def test_everything_works_from_the_keyboard(page: Page, server: ScriptedServer) -> None:
    server.play(just_listen)
    await page.open(server.url)
    reached: list[str] = []
    while "start" not in reached and len(reached) < 20:
        await page.press("Tab", 9)
        focused = "document.activeElement.id || document.activeElement.className"
        reached.append(await page.evaluate(focused))
        if reached[-1] != "skip":
            outline = await page.evaluate(
                "(() => { const e = document.activeElement;"
                "return getComputedStyle(e.shadowRoot?.activeElement ?? e).outlineStyle; })()"
            )
            assert outline != "none", f"the focus on {reached[-1]} can't be seen"
    # What there is no text for yet is passed over.
    assert reached == ["skip", "language", "task", "window", "settings", "captions", "start"]
    await page.press("Enter", 13, "\r")
    await page.wait_for("document.activeElement.id === 'stop'")
    await (await server.session(0)).heard(200)
    await page.press("Enter", 13, "\r")
    await page.wait_for(STOPPED)
    assert await page.evaluate("document.activeElement.id") == "start"


async def test_a_screen_reader_hears_what_matters_and_no_more(
    page: Page, server: ScriptedServer
) -> None:
    async def script(session: Session) -> None:
        await session.started()
        for at in range(5):
            await session.say("speech_started", channel=0, at_ms=at)
            await asyncio.sleep(0.05)
            await session.say("speech_ended", channel=0, at_ms=at)
            await asyncio.sleep(0.05)
        await session.end()

    server.play(script)
    await page.open(server.url)
    await page.evaluate(
        "window.said = []; new MutationObserver(() => "
        "said.push(document.querySelector('#announcer').textContent))"
        ".observe(document.querySelector('#announcer'), { childList: true, characterData: true })"
    )
    await page.click("#start")
    await page.wait_for("said.includes('Listening')")
    await page.wait_for(LISTENING)
    await page.click("#stop")
    await page.wait_for(STOPPED)
    said = await page.evaluate("said")
    assert said.count("Listening") == 1
    assert "Hearing speech" not in said
    assert said[-1] == "Stopped"


async def test_text_size_changes_and_is_remembered(page: Page, server: ScriptedServer) -> None:
    size = "getComputedStyle(document.documentElement).getPropertyValue('--caption')"
    await page.open(server.url)
    await page.click("#settings")
    normal = await page.evaluate(size)
    await page.click("#larger")
    await page.click("#larger")
    larger = await page.evaluate(size)
    assert float(larger.removesuffix("rem")) > float(normal.removesuffix("rem"))
    await page.open(server.url)
    await page.click("#settings")
    assert await page.evaluate(size) == larger
    for _ in range(9):
        await page.click("#smaller")
    assert await page.evaluate("document.querySelector('#smaller').disabled") is True


async def test_controls_have_names(page: Page, server: ScriptedServer) -> None:
    await page.open(server.url)
    await page.click("#settings")
    tree = (await page.call("Accessibility.getFullAXTree"))["nodes"]
    controls = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node["ignored"] and node["role"]["value"] in {"button", "combobox", "link"}
    ]
    assert ("combobox", "Microphone") in controls
    assert ("combobox", "Language of this page") in controls
    assert [control for control in controls if not control[1].strip()] == []
    assert json.dumps(controls).count("Larger text") == 1
