"""The page while all goes well: captions, scrolling, choices, keyboard, looks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from tests.browser.devtools import Page
from tests.browser.reading import contrasts, log_lines, overflow, top
from tests.browser.scripted import ScriptedServer, Session
from tests.browser.sounds import silence, tone, write_wav

# One loop for all tests: the browsers outlive each of them.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HEARING = "document.querySelector('#headline').textContent === 'Hearing speech'"
LISTENING = "document.querySelector('#headline').textContent === 'Listening'"
STOPPED = "document.querySelector('#headline').textContent === 'Stopped'"


def shows(text: str, within: str = "#captions") -> str:
    return f"document.querySelector({within!r})?.textContent.includes({text!r})"


async def listen(page: Page, server: ScriptedServer) -> Session:
    """Opens the page, presses Start, and returns the session the server sees."""
    number = len(server.sessions)
    await page.open(server.url)
    await page.click("#start")
    return await server.session(number)


async def just_listen(session: Session) -> None:
    await session.started()
    await session.end()


async def test_sends_start_then_sound_and_drains_on_stop(
    page: Page, server: ScriptedServer
) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.ended.wait()
        await asyncio.sleep(0.3)
        await session.final(0, "The last words.")
        await session.end()

    server.play(script)
    session = await listen(page, server)
    assert session.start == {
        "type": "start",
        "audio": {"encoding": "pcm_s16le", "sample_rate": 16000, "channels": 1},
        "language": "auto",
        "task": "transcribe",
        "words": False,
    }
    await session.heard(1000)
    await page.click("#stop")
    await page.wait_for(STOPPED)
    assert session.messages == [{"type": "end"}]
    assert len(session.audio) % 2 == 0
    assert await log_lines(page) == ["The last words."]
    assert "3 words" in await page.text("#hint")


async def test_words_are_firm_tentative_or_settled_and_settling_moves_nothing(
    page: Page, server: ScriptedServer
) -> None:
    go_on = asyncio.Event()

    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "Something was said before.")
        await session.say("speech_started", channel=0, at_ms=4000)
        await session.partial(1, "Now this", "is bean said", revision=1)
        await go_on.wait()
        await session.final(1, "Now this is being said.")
        await session.say("speech_ended", channel=0, at_ms=7000)
        await session.end()

    server.play(script)
    await listen(page, server)
    await page.wait_for(shows("is bean said", ".caption-tentative"))
    await page.wait_for(HEARING)
    assert await log_lines(page) == ["Something was said before."]
    assert await page.text(".captions-live .caption-text") == "Now this is bean said"
    style = "getComputedStyle(document.querySelector('.captions-live .caption-tentative'))"
    assert "dotted" in await page.evaluate(f"{style}.textDecoration")
    in_live_region = "!!document.querySelector('.caption-tentative')"
    in_live_region += ".closest('[role=log], [role=status], [role=alert], [aria-live]')"
    assert await page.evaluate(in_live_region) is False
    before = await top(page, ".captions-live .caption-text")
    go_on.set()
    await page.wait_for(shows("being said", "[role=log]"))
    assert await log_lines(page) == ["Something was said before.", "Now this is being said."]
    assert await page.evaluate("document.querySelectorAll('.captions-live .caption').length") == 0
    assert await top(page, "[role=log] .caption:last-child .caption-text") == before
    await page.wait_for(LISTENING)


async def test_what_was_no_speech_disappears(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.partial(0, "", "Thanks for watching", revision=1)
        await session.heard(500)
        await session.say("warning", code="suppressed", message="", segment=0, channel=0)
        await session.final(1, "Hello.")
        await session.end()

    server.play(script)
    await listen(page, server)
    await page.wait_for(shows("Hello."))
    assert "Thanks" not in await page.text("#captions")


@pytest.fixture(scope="session")
def clear_tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("sound") / "tone.wav", tone(20, 1000))


@pytest.mark.parametrize("microphone", ["clear_tone"], indirect=True)
async def test_the_sound_arrives_as_it_was(
    page: Page, server: ScriptedServer, microphone: Path
) -> None:
    server.play(just_listen)
    session = await listen(page, server)
    await session.heard(2500)
    samples = np.frombuffer(bytes(session.audio[32_000:64_000]), "<i2").astype(np.float64)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    bins = np.arange(len(spectrum)) * 16_000 / len(samples)
    wanted = spectrum[(bins > 980) & (bins < 1020)].sum()
    everything_else = spectrum[(bins > 50) & ((bins < 980) | (bins > 1020))].sum()
    assert np.abs(samples).max() > 1000
    # A dropped or doubled block would click, and a wrong rate would move the tone.
    assert 10 * np.log10(wanted / everything_else) > 30


async def test_the_worklet_loads_from_a_blob_when_its_file_does_not(
    page: Page, server: ScriptedServer
) -> None:
    await page.call("Network.setBlockedURLs", {"urls": ["*worklet.js*"]})
    server.play(just_listen)
    session = await listen(page, server)
    await session.heard(500)
    page.complaints.clear()


async def test_the_sound_of_a_tab(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.heard(1000)
        await session.final(0, "Said in another tab.")
        await session.end()

    server.play(script)
    await page.open(server.url)
    await page.click("#start-tab")
    await page.wait_for(shows("Said in another tab."))
    session = await server.session(0)
    assert np.abs(np.frombuffer(bytes(session.audio[:32_000]), "<i2")).max() > 100
    await page.click("#stop")
    await page.wait_for(STOPPED)


async def test_follows_the_newest_text_unless_the_reader_scrolled_up(
    page: Page, server: ScriptedServer
) -> None:
    more = asyncio.Event()

    async def script(session: Session) -> None:
        await session.started()
        for number in range(30):
            await session.final(number, f"Sentence number {number} is here to fill the page.")
        await more.wait()
        await session.final(30, "One more.")
        await session.end()

    distance = "(() => { const c = document.querySelector('#captions');"
    distance += "return c.scrollHeight - c.scrollTop - c.clientHeight; })()"
    server.play(script)
    await page.prefer(reduced_motion="reduce")
    await listen(page, server)
    await page.wait_for(shows("Sentence number 29"))
    assert await page.evaluate(distance) < 2
    assert await page.evaluate("document.querySelector('#latest').hidden") is True
    await page.call(
        "Input.dispatchMouseEvent",
        {"type": "mouseWheel", "x": 600, "y": 300, "deltaX": 0, "deltaY": -500},
    )
    await page.wait_for("!document.querySelector('#latest').hidden")
    scrolled = await page.evaluate("document.querySelector('#captions').scrollTop")
    more.set()
    await page.wait_for(shows("One more."))
    assert await page.evaluate("document.querySelector('#captions').scrollTop") == scrolled
    await page.click("#latest")
    await page.wait_for(f"{distance} < 2")
    assert await page.evaluate("document.querySelector('#latest').hidden") is True


async def test_a_tentative_line_that_gets_shorter_moves_nothing_above(
    page: Page, server: ScriptedServer
) -> None:
    steps = [asyncio.Event() for _ in range(2)]

    async def script(session: Session) -> None:
        await session.started()
        for number in range(20):
            await session.final(number, f"Sentence number {number} is here to fill the page.")
        await session.partial(20, "Well", "this is going to be a guess " * 8, revision=1)
        await steps[0].wait()
        await session.partial(20, "Well", "no", revision=2)
        await steps[1].wait()
        await session.final(20, "Well, no.")
        await session.end()

    last = "[role=log] .caption:nth-child(20)"
    server.play(script)
    await page.prefer(reduced_motion="reduce")
    await listen(page, server)
    await page.wait_for(shows("guess"))
    before = await top(page, last)
    steps[0].set()
    await page.wait_for("!" + shows("guess"))
    assert await top(page, last) == before
    steps[1].set()
    await page.wait_for(shows("Well, no.", "[role=log]"))
    assert await top(page, last) == before


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
    assert await page.evaluate("document.querySelector('.caption-text').lang") == "en"
    assert await page.evaluate("document.querySelector('#task').disabled") is True
    await page.evaluate(choose("language", "fr"))
    await session.said("configure")
    assert session.messages == [{"type": "configure", "language": "fr"}]
    await page.open(server.url)
    assert await page.evaluate("document.querySelector('#language').value") == "fr"
    assert await page.evaluate("document.querySelector('#task').value") == "translate"


async def test_text_has_its_language_and_direction(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "مرحبا بكم", language="ar")
        await session.final(1, "Javanese", language="jw")
        await session.end()

    server.play(script)
    await listen(page, server)
    await page.wait_for(shows("Javanese"))
    line = "document.querySelectorAll('.caption-text')"
    assert await page.evaluate(f"{line}[0].lang") == "ar"
    assert await page.evaluate(f"getComputedStyle({line}[0]).direction") == "rtl"
    assert await page.evaluate(f"{line}[1].lang") == "jv"
    assert await page.evaluate(f"getComputedStyle({line}[1]).direction") == "ltr"


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
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {reached[-1]} can't be seen"
    assert reached == ["skip", "language", "task", "smaller", "larger", "captions", "start"]
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
    normal = await page.evaluate(size)
    await page.click("#larger")
    await page.click("#larger")
    larger = await page.evaluate(size)
    assert float(larger.removesuffix("rem")) > float(normal.removesuffix("rem"))
    await page.open(server.url)
    assert await page.evaluate(size) == larger
    for _ in range(9):
        await page.click("#smaller")
    assert await page.evaluate("document.querySelector('#smaller').disabled") is True


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("sound") / "silence.wav", silence(20))


@pytest.mark.parametrize("microphone", ["nothing"], indirect=True)
async def test_says_when_the_microphone_gives_no_sound(
    page: Page, server: ScriptedServer, microphone: Path
) -> None:
    server.play(just_listen)
    await listen(page, server)
    await page.wait_for(shows("No sound from the microphone", "#headline"))


async def test_warnings_of_the_server_are_put_in_plain_words(
    page: Page, server: ScriptedServer
) -> None:
    async def script(session: Session) -> None:
        await session.say("queued", position=3, eta_ms=1000)
        await asyncio.sleep(0.4)
        await session.started()
        await session.say("warning", code="draining", message="", deadline_ms=9000)
        await session.end()

    server.play(script)
    await listen(page, server)
    await page.wait_for(shows("you are number 3 in line", "#hint"))
    await page.wait_for(shows("about to restart", "#hint"))


async def test_the_delay_of_the_words_is_shown(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        for revision in range(1, 6):
            await session.heard(1000 + 100 * revision)
            end_ms = session.audio_ms - 700
            await session.partial(0, "", "word " * revision, revision=revision, end_ms=end_ms)
        await session.end()

    server.play(script)
    await listen(page, server)
    await page.wait_for("/^[01]\\.\\d s$/.test(document.querySelector('#latency').textContent)")
    shown = float((await page.text("#latency")).removesuffix(" s"))
    assert shown >= 0.6


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_has_enough_contrast(
    page: Page, server: ScriptedServer, scheme: str
) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "Settled.")
        await session.partial(1, "Committed", "tentative", revision=1)
        await session.heard(600)
        await session.fail(4422, "bad_configuration", "language: no such language")

    server.play(script)
    await page.prefer(color_scheme=scheme, reduced_motion="reduce")
    await page.open(server.url)
    seen = await contrasts(page)
    await page.click("#start")
    await page.wait_for(shows("tentative", ".captions-live"))
    seen += await contrasts(page)
    await page.wait_for("!document.querySelector('#failure').hidden")
    seen += await contrasts(page)
    assert len(seen) > 25
    assert [found for found in seen if found[0] < 4.5] == []


@pytest.mark.parametrize(("width", "height"), [(360, 640), (390, 844), (768, 1024), (1920, 1080)])
async def test_fits_the_window(page: Page, server: ScriptedServer, width: int, height: int) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.final(0, "Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 3)
        await session.partial(1, "Committed", "tentative", revision=1)
        await session.heard(400)
        await session.fail(4422, "bad_configuration", "language: " + "x" * 200)

    server.play(script)
    await page.resize(width, height, mobile=width < 500)
    await page.open(server.url)
    assert await overflow(page) == []
    await page.click("#start")
    await page.wait_for(shows("tentative", ".captions-live"))
    for _ in range(4):
        await page.click("#larger")
    assert await overflow(page) == []
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


async def test_controls_have_names(page: Page, server: ScriptedServer) -> None:
    await page.open(server.url)
    tree = (await page.call("Accessibility.getFullAXTree"))["nodes"]
    controls = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node["ignored"] and node["role"]["value"] in {"button", "combobox", "link"}
    ]
    assert ("button", "Start listening") in controls
    assert ("combobox", "Spoken language") in controls
    assert [control for control in controls if not control[1].strip()] == []
    assert json.dumps(controls).count("Larger text") == 1
