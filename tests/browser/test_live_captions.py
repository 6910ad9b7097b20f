"""``<live-captions>`` in a real browser, under a policy without inline styles and scripts."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.devtools import Page
from tests.browser.examples import AXE, MESSAGES
from tests.browser.scripted import ScriptedServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TALK = """
captions.message(final(0, 'Good morning.'));
captions.message(final(1, 'Is everybody here?', { channel: 1 }));
captions.message(final(2, 'مرحبا بكم', { language: 'ar' }));
captions.message(final(3, '「東京」は、ちょっと遠いです。', { language: 'ja', channel: 1 }));
captions.message(partial(4, 'Then let us', ' begin with'));
frames2()
"""


@pytest_asyncio.fixture(loop_scope="session")
async def empty(page: Page, examples: ScriptedServer) -> Page:
    """A page that knows the element and has none."""
    await page.open(examples.url + "empty/")
    await page.wait_for("customElements.get('live-captions')")
    await page.evaluate(MESSAGES)
    return page


async def put(page: Page, attributes: str, then: str = "frames2()") -> None:
    """Begins anew with one element."""
    await page.evaluate(f"put({json.dumps(f'<live-captions {attributes}></live-captions>')})")
    await page.evaluate(then)


async def texts(page: Page, selector: str) -> list[str]:
    """Text of each such element inside the component."""
    script = f"[...inside.querySelectorAll({selector!r})].map((e) => e.textContent)"
    found: list[str] = await page.evaluate(script)
    return found


@pytest.mark.parametrize("mode", ["lines", "transcript"])
async def test_axe_finds_nothing(empty: Page, mode: str) -> None:
    await empty.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    for scheme, more in (("light", ""), ("dark", ""), ("light", "contrast=high position=bottom")):
        await empty.prefer(color_scheme=scheme, reduced_motion="reduce")
        await put(empty, f"mode={mode} controls source=mixed pace=0 {more}", TALK)
        found: dict[str, Any] = await empty.evaluate(
            "axe.run('live-captions').then(({ violations, incomplete, passes }) => ({"
            " wrong: [...violations, ...incomplete].map(({ id, nodes }) =>"
            "   id + ': ' + nodes.map(({ html }) => html).join(' | ')),"
            " right: passes.map(({ id }) => id) }))"
        )
        assert found["wrong"] == [], scheme
        # It looked inside, and the rules that matter here had something to judge.
        assert {"color-contrast", "button-name", "aria-allowed-role"} <= set(found["right"])


@pytest.mark.parametrize("mode", ["lines", "transcript"])
async def test_a_screen_reader_hears_finals_once(empty: Page, mode: str) -> None:
    await put(
        empty,
        f"mode={mode} pace=0 source=mixed",
        "window.said = []; window.changed = 0; const log = inside.querySelector('[role=log]');"
        "new MutationObserver((all) => { for (const { target, addedNodes } of all) {"
        " if (target !== log) changed++;"
        " for (const node of addedNodes)"
        "   said.push((node.querySelector('.text') ?? node).textContent.split(': ').at(-1)); } })"
        ".observe(log, { childList: true, subtree: true, characterData: true })",
    )
    await empty.evaluate(TALK)
    await empty.evaluate("captions.message(final(4, 'Then let us begin.')); frames2()")
    assert await empty.evaluate("said") == [
        "Good morning.",
        "Is everybody here?",
        "مرحبا بكم",
        "「東京」は、ちょっと遠いです。",
        "Then let us begin.",
    ]
    assert await empty.evaluate("changed") == 0


async def test_guesses_stand_out_and_are_never_read_out(empty: Page) -> None:
    live = "[role=log], [role=status], [role=alert], [aria-live]"
    for mode in ("lines", "transcript"):
        await put(empty, f"mode={mode} pace=0", TALK)
        assert await empty.evaluate(
            "(() => { const guess = [...inside.querySelectorAll('.guess')]"
            ".find((e) => e.textContent.includes('begin with'));"
            f" return guess.closest({live!r}) === null && guess.closest('[aria-hidden]') === null"
            " && getComputedStyle(guess).textDecorationLine === 'underline'"
            " && getComputedStyle(guess).fontWeight <"
            " getComputedStyle(inside.querySelector('.firm')).fontWeight; })()"
        )


async def test_text_has_its_language_and_direction(empty: Page) -> None:
    await put(empty, "mode=transcript pace=0", TALK)
    seen = await empty.evaluate(
        "[...inside.querySelectorAll('.line')].map((e) => [e.querySelector('.text').lang,"
        " getComputedStyle(e).direction])"
    )
    assert seen == [["en", "ltr"], ["en", "ltr"], ["ar", "rtl"], ["ja", "ltr"], ["en", "ltr"]]
    await put(empty, "pace=0 rows=2", "captions.message(final(2, 'مرحبا بكم', { language: 'ar' }))")
    await empty.wait_for("inside.querySelector('.row') !== null")
    assert await empty.evaluate("getComputedStyle(inside.querySelector('.row')).direction") == "rtl"
    # Japanese wraps between its words, never before a comma or a small letter.
    await put(
        empty,
        "pace=0 rows=6",
        "captions.message(final(0, '「東京」は、ちょっと遠いですが、行ってみたいと思っています。'"
        ".repeat(3), { language: 'ja' })); frames2()",
    )
    rows = await texts(empty, ".row")
    assert len(rows) > 2
    for row in rows:
        assert row[0] not in "、。」ょっ"
        assert len(row) <= 19


async def test_fifty_thousand_words_stay_light(empty: Page) -> None:
    # What stands in the document does not grow with what was said, wherever the reader is.
    await empty.prefer(reduced_motion="reduce")
    await put(
        empty,
        "mode=transcript",
        "for (let i = 0; i < 4200; i++) captions.message(final(i, `Number ${i} says: `"
        " + 'word '.repeat(9) + '.', { channel: i % 3 })); frames2()",
    )
    assert await empty.evaluate("captions.model.words") >= 50_000
    nodes = "inside.querySelectorAll('*').length"
    port = "inside.querySelector('.port')"
    counted = [await empty.evaluate(nodes)]
    assert "Number 4199 says" in (await texts(empty, ".line"))[-1]
    for part in (0.999, 0.8, 0.5, 0.123, 0):
        seen = await empty.evaluate(
            f"(async () => {{ {port}.scrollTop = {port}.scrollHeight * {part}; await frames2();"
            f" const box = {port}.getBoundingClientRect();"
            " const element = inside.elementFromPoint(box.x + box.width / 2,"
            " box.y + box.height / 2); return element.closest('.line')?.textContent; })()"
        )
        assert "Number" in seen, part
        counted.append(await empty.evaluate(nodes))
    assert max(counted) < 800, counted
    assert "Number 0 says" in (await texts(empty, ".line"))[0]
    # Who reads further up is left in peace by what arrives below …
    line = "[...inside.querySelectorAll('.line')][5].getBoundingClientRect().top"
    before = await empty.evaluate(line)
    for segment in range(5000, 5050):
        await empty.evaluate(f"captions.message(final({segment}, 'More.')); 0")
    await empty.evaluate("frames2()")
    assert await empty.evaluate(line) == before
    # … until they want to follow again, or look for something.
    await empty.evaluate("inside.querySelector('.latest').click(); frames2()")
    assert "More." in (await texts(empty, ".line"))[-1]
    assert await empty.evaluate("captions.reveal('0:0:2100')")
    await empty.evaluate("captions.mark([{ key: '0:0:2100', start: 7, end: 11 }]); frames2()")
    assert await empty.evaluate(
        "[...CSS.highlights.get('live-captions-found')].map(String).join() === '2100' &&"
        " inside.querySelector('.latest').hidden === false"
    )
    # A line that is there is in view.
    assert await empty.evaluate(
        f"(() => {{ const port = {port}.getBoundingClientRect();"
        " const line = [...inside.querySelectorAll('.line')]"
        ".find((e) => e.textContent.includes('Number 2100 ')).getBoundingClientRect();"
        " return line.top >= port.top && line.bottom <= port.bottom; })()"
    )
    await empty.evaluate("captions.clear(); frames2()")
    assert await texts(empty, ".line") == []


async def test_rows_scroll_word_by_word(empty: Page) -> None:
    await empty.prefer(reduced_motion="no-preference")
    await put(
        empty,
        "pace=0 linger=0",
        "window.most = 0; window.moved = 0; window.over = [];"
        "(async () => { for (let i = 1; i <= 40; i++) {"
        " const words = Array.from({ length: i }, (_, n) => 'word' + n).join(' ');"
        " captions.message(partial(0, words, '', { revision: i })); await frames2();"
        " const rows = [...inside.querySelectorAll('.row')]; most = Math.max(most, rows.length);"
        " moved += rows.some((row) => row.getAnimations().length > 0) ? 1 : 0;"
        " over.push(...rows.map((e) => e.textContent).filter((text) => text.trim().length > 37));"
        "} })()",
    )
    assert await empty.evaluate("[most, over, moved > 0]") == [2, [], True]
    assert (await texts(empty, ".row"))[-1].rstrip().endswith("word39")
    # A phone, and large letters: rows get shorter, and nothing sticks out.
    await empty.resize(360, 640, mobile=True)
    await empty.evaluate("captions.size = 'larger'; frames2()")
    assert await empty.evaluate(
        "[...inside.querySelectorAll('.row')].every((row) => row.scrollWidth <= row.clientWidth"
        " && row.getBoundingClientRect().right <= innerWidth)"
    )
    await empty.prefer(reduced_motion="reduce")
    await empty.evaluate(
        "captions.message(final(1, 'and this goes on for one more row at the least'));"
    )
    await empty.evaluate("frames2()")
    assert await empty.evaluate("inside.getAnimations().length") == 0
    await empty.resize(1280, 800)


async def test_moves_by_mouse_touch_and_keyboard(empty: Page) -> None:
    await put(empty, "controls position=bottom pace=0", TALK)
    where = (
        "(() => { const r = captions.getBoundingClientRect();"
        " return [r.left, r.top, r.right - innerWidth, r.bottom - innerHeight]; })()"
    )
    handle = (
        "(() => { const r = inside.querySelector('.move').getBoundingClientRect();"
        " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
    )
    left, top, *_ = await empty.evaluate(where)
    x, y = await empty.evaluate(handle)
    for kind, dx, dy in (
        ("mousePressed", 0, 0),
        ("mouseMoved", -60, -200),
        ("mouseMoved", -120, -300),
        ("mouseReleased", -120, -300),
        ("mouseMoved", 0, 0),
    ):
        event = {"type": kind, "x": x + dx, "y": y + dy, "button": "left", "clickCount": 1}
        await empty.call("Input.dispatchMouseEvent", event)
    assert (await empty.evaluate(where))[:2] == [left - 120, top - 300]
    assert await empty.evaluate("captions.offset") == {"x": -120, "y": -300}
    # Back by touch, further than the window goes.
    await empty.call("Emulation.setTouchEmulationEnabled", {"enabled": True})
    x, y = await empty.evaluate(handle)
    for kind, dy in (("touchStart", 0), ("touchMove", 200), ("touchMove", 500), ("touchEnd", 0)):
        points = [] if kind == "touchEnd" else [{"x": x, "y": y + dy}]
        await empty.call("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    await empty.call("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert (await empty.evaluate(where))[3] == 0
    # And by keyboard: to the left edge, a small step, home.
    await empty.evaluate("inside.querySelector('.move').focus()")
    for _ in range(40):
        await empty.press("ArrowLeft", 37)
    assert (await empty.evaluate(where))[0] == 0
    await empty.press("ArrowRight", 39)
    assert (await empty.evaluate(where))[0] == 24
    await empty.press("Home", 36)
    assert (await empty.evaluate(where))[:2] == [left, top]


async def test_all_controls_can_be_reached_and_used_by_keyboard(empty: Page) -> None:
    await put(empty, "controls source=microphone position=bottom mode=transcript pace=0", TALK)
    await empty.evaluate(
        "window.told = []; captions.addEventListener('captions-settings',"
        " ({ detail }) => told.push(detail)); document.activeElement.blur()"
    )
    reached = []
    for _ in range(8):
        await empty.press("Tab", 9)
        reached.append(
            await empty.evaluate(
                "inside.activeElement?.ariaLabel ?? inside.activeElement?.textContent"
            )
        )
        if reached[-1] in ("Larger text", "High contrast"):
            await empty.press("Enter", 13, "\r")
    assert reached == [
        "Start",
        "Smaller text",
        "Larger text",
        "High contrast",
        "Whole transcript",
        "In a window of its own",
        "Move captions",
        "Captions",
    ]
    assert await empty.evaluate("captions.outerHTML.includes('contrast=\"high\"')")
    assert await empty.evaluate("told.map(({ size }) => size)") == ["large", "large"]
    focused = "getComputedStyle(inside.activeElement).outlineStyle"
    assert await empty.evaluate(focused) == "solid"


async def test_has_a_window_of_its_own_where_the_browser_has_such(empty: Page) -> None:
    await put(empty, "controls pace=0", TALK)
    if await empty.evaluate("'documentPictureInPicture' in window"):
        await empty.click("live-captions")
        await empty.evaluate(
            "inside.querySelector('[aria-label=\"In a window of its own\"]').click()"
        )
        there = "documentPictureInPicture.window?.document.body.firstElementChild?.shadowRoot"
        await empty.wait_for(f"{there}?.querySelector('.rows')?.textContent.includes('begin')")
        await empty.evaluate("captions.message(final(4, 'Then let us begin, said she.')); 0")
        await empty.wait_for(f"{there}.querySelector('[role=log]').textContent.includes('she')")
        assert await empty.evaluate("inside.querySelector('.row, [role=log]')") is None
        assert await empty.evaluate("inside.querySelector('.away').checkVisibility()")
        await empty.evaluate("documentPictureInPicture.window.close()")
        await empty.wait_for("inside.querySelector('.rows')?.textContent.includes('she')")
    await empty.evaluate("delete window.documentPictureInPicture; 0")
    await put(empty, "controls pace=0")
    assert await empty.evaluate("captions.toggleWindow()") is False
    assert await empty.evaluate(
        "[...inside.querySelectorAll('button')].filter((e) => e.checkVisibility())"
        ".every((e) => !e.ariaLabel?.includes('window'))"
    )


async def test_takes_what_was_set_before_it_was_known(empty: Page) -> None:
    names = await empty.evaluate(
        "(async () => { const early = document.createElement('live-later');"
        " early.channelNames = ['Ann']; early.getToken = () => 'x';"
        " early.options = { prompt: 'p' }; document.querySelector('main').append(early);"
        " const { LiveCaptions } = await import('/client_js/dist/live-captions.js');"
        " customElements.define('live-later', class extends LiveCaptions {});"
        " return [early.channelNames, early.getToken(), early.options.prompt]; })()"
    )
    assert names == [["Ann"], "x", "p"]
