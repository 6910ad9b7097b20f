"""The page while all goes well: sound out, captions in, scrolling, the status in plain words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.browser.devtools import Page
from tests.browser.reading import log_lines, open_text, top
from tests.browser.scripted import ScriptedServer, Session
from tests.browser.sounds import silence, tone, write_wav
from tests.browser.steps import (
    CAPTIONS,
    HEARING,
    LISTENING,
    LOG,
    OPEN,
    STOPPED,
    just_listen,
    listen,
    shows,
)

# One loop for all tests: the browsers outlive each of them.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


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
    await page.wait_for(shows("is bean said", f"{OPEN}.querySelector('.guess')"))
    await page.wait_for(HEARING)
    assert await log_lines(page) == ["Something was said before."]
    assert await open_text(page) == "Now this is bean said"
    style = f"getComputedStyle({OPEN}.querySelector('.guess'))"
    assert "dotted" in await page.evaluate(f"{style}.textDecoration")
    in_live_region = f"!!{OPEN}.querySelector('.guess')"
    in_live_region += ".closest('[role=log], [role=status], [role=alert], [aria-live]')"
    assert await page.evaluate(in_live_region) is False
    before = await top(page, ".open .text")
    go_on.set()
    await page.wait_for(shows("being said", LOG))
    assert await log_lines(page) == ["Something was said before.", "Now this is being said."]
    assert await open_text(page) == ""
    assert await top(page, "[role=log] .line:last-child .text") == before
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
    assert "Thanks" not in await page.evaluate(f"{CAPTIONS}.textContent")


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
    await page.click("[name=source][value=tab]")
    await page.click("#start")
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

    latest = "document.querySelector('#captions').shadowRoot.querySelector('.latest')"
    distance = f"(() => {{ const c = {CAPTIONS};"
    distance += "return c.scrollHeight - c.scrollTop - c.clientHeight; })()"
    server.play(script)
    await page.prefer(reduced_motion="reduce")
    await listen(page, server)
    await page.wait_for(shows("Sentence number 29"))
    assert await page.evaluate(distance) < 2
    assert await page.evaluate(f"{latest}.hidden") is True
    await page.call(
        "Input.dispatchMouseEvent",
        {"type": "mouseWheel", "x": 600, "y": 300, "deltaX": 0, "deltaY": -500},
    )
    await page.wait_for(f"!{latest}.hidden")
    scrolled = await page.evaluate(f"{CAPTIONS}.scrollTop")
    more.set()
    await page.wait_for(shows("One more."))
    assert await page.evaluate(f"{CAPTIONS}.scrollTop") == scrolled
    await page.evaluate(f"{latest}.click()")
    await page.wait_for(f"{distance} < 2")
    assert await page.evaluate(f"{latest}.hidden") is True


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

    last = "[role=log] .line:nth-child(20)"
    server.play(script)
    await page.prefer(reduced_motion="reduce")
    await listen(page, server)
    await page.wait_for(shows("guess"))
    before = await top(page, last)
    steps[0].set()
    await page.wait_for("!" + shows("guess"))
    assert await top(page, last) == before
    steps[1].set()
    await page.wait_for(shows("Well, no.", LOG))
    assert await top(page, last) == before


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
    await page.wait_for("/^[01]\\.\\ds$/.test(document.querySelector('#latency').textContent)")
    shown = float((await page.text("#latency")).removesuffix("s"))
    assert shown >= 0.6
