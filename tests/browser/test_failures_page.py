"""The page when something goes wrong: each failure explained, what can be mended is mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.chromium import chromium
from tests.browser.devtools import DevTools, Page
from tests.browser.reading import log_lines, open_text
from tests.browser.scripted import ScriptedServer, Session
from tests.browser.steps import LOG, shows

# One loop for all tests: the browsers outlive each of them.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def failure(page: Page) -> str:
    """The explanation, once there is one."""
    await page.wait_for("!document.querySelector('#failure').hidden")
    assert await page.evaluate("document.querySelector('#start').hidden") is False
    return await page.text("#failure")


@pytest.mark.parametrize(
    ("close", "code", "fields", "title", "advice"),
    [
        (1013, "overloaded", {"retryable": True, "retry_after_ms": 9000}, "is full", "in 9 s"),
        (1012, "restarting", {"retryable": True}, "is restarting", "try again"),
        (1011, "internal", {"retryable": True}, "server failed", "says: because"),
        (4401, "unauthorized", {}, "wants a key", "says: because"),
        (4403, "forbidden_origin", {}, "may not use the server", "says: because"),
        (4422, "bad_configuration", {}, "refused the session", "says: because"),
        (4429, "quota", {}, "quota is used up", "says: because"),
    ],
)
async def test_a_refusal_is_explained(
    page: Page,
    server: ScriptedServer,
    close: int,
    code: str,
    fields: dict[str, object],
    title: str,
    advice: str,
) -> None:
    async def script(session: Session) -> None:
        await session.fail(close, code, "because of this", **fields)

    server.play(script)
    await page.open(server.url)
    await page.click("#start")
    explained = await failure(page)
    assert title in explained.splitlines()[0]
    assert advice in explained
    await page.click("#dismiss")
    assert await page.evaluate("document.querySelector('#failure').hidden") is True


async def test_a_failure_keeps_the_text_and_the_next_start_clears_the_explanation(
    page: Page, server: ScriptedServer
) -> None:
    async def first(session: Session) -> None:
        await session.started()
        await session.final(0, "Kept.")
        await session.partial(1, "Kept", "as well", revision=1)
        await session.heard(300)
        await session.fail(4440, "session_too_long", "an hour is over")

    async def second(session: Session) -> None:
        await session.started()
        await session.end()

    server.play(first, second)
    await page.open(server.url)
    await page.click("#start")
    assert "longest time" in await failure(page)
    assert await log_lines(page) == ["Kept.", "Kept as well"]
    await page.click("#start")
    await server.session(1)
    assert await page.evaluate("document.querySelector('#failure').hidden") is True


async def test_a_server_that_is_not_there(page: Page, server: ScriptedServer) -> None:
    server.play(_keep)
    await page.open(server.url)
    server.down = True
    await page.click("#start")
    assert "can’t be reached" in await failure(page)
    page.complaints.clear()


async def test_a_lost_connection_comes_back_and_the_words_go_on(
    page: Page, server: ScriptedServer
) -> None:
    cut = asyncio.Event()

    async def first(session: Session) -> None:
        await session.started()
        await session.final(0, "Before the cut.", start_ms=0, end_ms=200)
        await session.partial(1, "Half a", "sent", revision=3, start_ms=500)
        await session.heard(1500)
        await cut.wait()
        server.down = True
        session.socket.transport.abort()

    async def second(session: Session) -> None:
        await session.started()
        await session.heard(1400)
        await session.final(0, "Half a sentence, whole again.", start_ms=100, end_ms=900)
        await session.end()

    server.play(first, second)
    await page.open(server.url)
    await page.click("#start")
    await page.wait_for(shows("Half a sent"))
    cut.set()
    await page.wait_for("document.querySelector('#headline').textContent === 'Connection lost'")
    assert await open_text(page) == "Half a sent"
    server.down = False
    await page.wait_for(shows("whole again", LOG), timeout_s=30)
    assert await log_lines(page) == ["Before the cut.", "Half a sentence, whole again."]
    assert await open_text(page) == ""
    # What had been heard of the open segment was sent once more.
    assert server.sessions[1].audio_ms >= 1300
    await page.click("#stop")
    await page.wait_for("document.querySelector('#headline').textContent === 'Stopped'")
    page.complaints.clear()


async def test_a_restarting_server_is_found_again_without_a_word(
    page: Page, server: ScriptedServer
) -> None:
    async def first(session: Session) -> None:
        await session.started()
        await session.heard(200)
        await session.fail(1012, "restarting", "back in a moment", retryable=True)

    server.play(first, _keep)
    await page.open(server.url)
    await page.click("#start")
    await (await server.session(1)).heard(200)
    await page.wait_for("document.querySelector('#headline').textContent === 'Listening'")
    assert await page.evaluate("document.querySelector('#failure').hidden") is True


async def test_cancel_while_waiting_for_a_place(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.say("queued", position=7, eta_ms=60_000)
        await session.ended.wait()

    server.play(script)
    await page.open(server.url)
    await page.click("#start")
    await page.wait_for("document.querySelector('#stop').innerText.trim() === 'Cancel'")
    await page.wait_for("document.querySelector('#headline').textContent.startsWith('Waiting')")
    await page.click("#stop")
    await page.wait_for("!document.querySelector('#start').hidden")
    assert await page.evaluate("document.querySelector('#failure').hidden") is True


async def test_stop_can_be_cut_short(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.partial(0, "Never", "finished", revision=1)
        await session.ended.wait()
        await asyncio.sleep(60)

    server.play(script)
    await page.open(server.url)
    await page.click("#start")
    await page.wait_for(shows("Never"))
    await page.click("#stop")
    await page.wait_for("document.querySelector('#stop').innerText.trim() === 'Stop now'")
    await page.click("#stop")
    await page.wait_for("document.querySelector('#headline').textContent === 'Stopped'")
    assert await log_lines(page) == ["Never finished"]


async def test_a_microphone_that_is_unplugged(page: Page, server: ScriptedServer) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.ended.wait()
        await session.final(0, "Said before it went.")
        await session.end()

    server.play(script)
    await page.open(server.url)
    await page.evaluate(
        "(() => { const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        "navigator.mediaDevices.getUserMedia = async (wanted) => {"
        "  if (window.stream) throw new DOMException('', 'NotFoundError');"
        "  return window.stream = await ask(wanted); }; })()"
    )
    await page.click("#start")
    await (await server.session(0)).heard(300)
    # What the browser does when the device goes away.
    await page.evaluate("stream.getTracks()[0].dispatchEvent(new Event('ended'))")
    assert "The sound ended" in await failure(page)
    assert await log_lines(page) == ["Said before it went."]


async def test_a_key_in_the_link_reaches_the_server(page: Page, server: ScriptedServer) -> None:
    server.play(_keep)
    await page.open(f"{server.url}#token=k3y.part")
    await page.click("#start")
    session = await server.session(0)
    assert session.socket.request is not None
    offered = session.socket.request.headers["Sec-WebSocket-Protocol"]
    assert offered.replace(" ", "") == "wirescribe.v1,token.k3y.part"


async def _keep(session: Session) -> None:
    await session.started()
    await session.end()


# -- without a microphone ----------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def deaf(
    browser_path: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DevTools]:
    """A browser on a machine without any sound device, which asks before it grants."""
    profile = tmp_path_factory.mktemp("profile")
    async with chromium(browser_path, profile, microphone=None, ask=True) as devtools:
        yield devtools


@pytest_asyncio.fixture(loop_scope="session")
async def deaf_page(deaf: DevTools) -> AsyncIterator[Page]:
    """A tab of it."""
    async with Page.opened(deaf) as page:
        yield page


async def test_no_permission(
    browser_path: str, tmp_path: Path, voice: Path, server: ScriptedServer
) -> None:
    profile = tmp_path / "profile"
    async with (
        chromium(browser_path, profile, microphone=voice, ask=True) as devtools,
        Page.opened(devtools) as page,
    ):
        await page.permit("microphone", "denied", server.url)
        await page.open(server.url)
        await page.click("#start")
        assert "microphone is not allowed" in await failure(page)
        assert server.sessions == []


async def test_no_microphone(deaf_page: Page, server: ScriptedServer) -> None:
    await deaf_page.permit("microphone", "granted", server.url)
    await deaf_page.open(server.url)
    await deaf_page.click("#start")
    assert "No microphone was found" in await failure(deaf_page)


async def test_an_insecure_address(deaf_page: Page, server: ScriptedServer) -> None:
    await deaf_page.open(f"http://captions.test:{server.port}/")
    await deaf_page.click("#start")
    explained = await failure(deaf_page)
    assert "keeps the microphone from this address" in explained
    assert f"http://127.0.0.1:{server.port}" in explained
