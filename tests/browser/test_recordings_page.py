"""Recordings on the page, before a real server: sent, written down, saved as files."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.browser.devtools import Page
from tests.browser.sounds import silence, voice_like, write_wav
from tests.browser.steps import shows
from tests.integration.harness import WAIT_S, Running, serving

# One loop for all tests: the browsers outlive each of them.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FINISHED = "document.querySelector('#headline').textContent === 'Finished'"
TEXT = "document.querySelector('#captions').text"


@pytest.fixture(scope="module")
def open_server() -> Iterator[Running]:
    """A server that takes recordings."""
    with serving() as running:
        yield running


async def choose(page: Page, file: Path) -> None:
    """Choose a file, as in the dialogue that the button opens."""
    document = await page.call("DOM.getDocument")
    node = await page.call(
        "DOM.querySelector", {"nodeId": document["root"]["nodeId"], "selector": "#file"}
    )
    await page.call("DOM.setFileInputFiles", {"files": [str(file)], **node})


def transcribed(server: Running, file: Path, form: str) -> str:
    """What the server writes of a recording by itself."""
    boundary = "a-boundary"
    fields = [("model", "whisper-1"), ("response_format", form)]
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.http}/v1/audio/transcriptions",
        head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=WAIT_S) as answer:
        return str(answer.read().decode())


async def save(page: Page, form: str, folder: Path) -> str:
    """Save the text, and read the file."""
    await page.click("#save")
    await page.click(f"[data-format={form}]")
    file = await asyncio.to_thread(_saved, folder, form)
    assert file.name.startswith("captions-20")
    return file.read_text(encoding="utf-8")


def _saved(folder: Path, form: str) -> Path:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        for file in folder.glob(f"*.{form}"):
            return file
        time.sleep(0.05)
    raise AssertionError(f"no file .{form} was saved")


async def test_a_recording_is_written_down_and_saved_as_the_server_would(
    page: Page, open_server: Running, tmp_path: Path
) -> None:
    sound = np.concatenate([voice_like(3), silence(2), voice_like(4), silence(1)])
    file = write_wav(tmp_path / "Talk & notes.wav", sound)
    await page.open(open_server.http)
    await page.call(
        "Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    await page.evaluate(
        "window.seen = new Set(); new MutationObserver(() => "
        "seen.add(document.querySelector('#headline').textContent))"
        ".observe(document.querySelector('#headline'), { childList: true, characterData: true })"
    )
    await choose(page, file)
    await page.wait_for(FINISHED)
    assert {"Sending the recording", "Writing it down"} <= set(await page.evaluate("[...seen]"))
    assert "words in" in await page.text("#hint")
    assert await page.evaluate("document.querySelector('#progress').hidden") is True
    said = json.loads(await save(page, "json", tmp_path))
    assert len(said["segments"]) >= 2
    assert all(segment["words"] for segment in said["segments"])
    assert await page.evaluate(TEXT) == "\n".join(each["text"] for each in said["segments"])
    for form in ("vtt", "srt"):
        assert await save(page, form, tmp_path) == transcribed(open_server, file, form)
    assert await save(page, "txt", tmp_path) == f"{await page.evaluate(TEXT)}\n"


async def test_what_is_no_recording_is_refused_in_plain_words(
    page: Page, open_server: Running, tmp_path: Path
) -> None:
    file = tmp_path / "letter.mp3"
    file.write_bytes(b"Dear Sir or Madam, " * 99)
    await page.open(open_server.http)
    await choose(page, file)
    await page.wait_for("!document.querySelector('#failure').hidden")
    assert "could not be read as a recording" in await page.text("#failure-title")
    page.complaints.clear()  # the browser's own note of the refusal
    # Dropped on the page: two files at once, then one, with the marks of where it may fall.
    drop = (
        "((names) => { const data = new DataTransfer();"
        "for (const name of names) data.items.add(new File(['x'.repeat(99)], name));"
        "const tell = (type) => document.body.dispatchEvent(new DragEvent(type,"
        "  { dataTransfer: data, bubbles: true, cancelable: true }));"
        "tell('dragover'); const shown = !document.querySelector('#drop').hidden; tell('drop');"
        "return shown && document.querySelector('#drop').hidden; })"
    )
    assert await page.evaluate(f"{drop}(['a.wav', 'b.wav'])") is True
    await page.wait_for(shows("One recording at a time", "#failure-title"))
    await page.evaluate(f"{drop}(['c.wav'])")
    await page.wait_for(shows("could not be read", "#failure-title"))
    assert await page.evaluate(TEXT) == ""
    page.complaints.clear()
