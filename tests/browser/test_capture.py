"""``wirescribe/capture`` in a browser: a fake microphone, and the real sound of another tab."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from tests.browser.capturing import TAB_HZ, build_pages
from tests.browser.chromium import chromium
from tests.browser.devtools import DevTools, Page
from tests.browser.scripted import ScriptedServer, Session, scripted_server
from tests.browser.sounds import tone, write_wav

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_MICROPHONE_HZ = 1000
_PLAIN = "{ echoCancellation: false, autoGainControl: false }"
"""As it comes, so that the test knows what to expect."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, on the package as its sources build it."""
    return build_pages(tmp_path_factory.mktemp("capture"))


@pytest_asyncio.fixture(loop_scope="session")
async def capturing(site: Path) -> AsyncIterator[ScriptedServer]:
    """The pages, and the server that they send to."""
    async with scripted_server(site) as server:
        yield server
    assert server.faults == []


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser(
    browser_path: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DevTools]:
    """A browser that asks for what a test has not granted, and shares the tab called meeting."""
    folder = tmp_path_factory.mktemp("browser")
    said = tone(180, _MICROPHONE_HZ, 16_000)  # for all tests: it is played once
    microphone = write_wav(folder / "microphone.wav", said, 16_000)
    async with chromium(
        browser_path, folder / "profile", microphone=microphone, ask=True, shared="meeting"
    ) as devtools:
        yield devtools


def _level(samples: NDArray[np.float64], hertz: float) -> float:
    """Amplitude of a sine of this frequency in 16 kHz sound."""
    time = np.arange(len(samples)) / 16_000
    return float(2 * abs(np.mean(samples * np.exp(-2j * np.pi * hertz * time))))


def _channels(session: Session, first_ms: int, last_ms: int) -> NDArray[np.float64]:
    """A stretch of what arrived, as two channels of floats."""
    whole = np.frombuffer(bytes(session.audio), dtype="<i2").reshape(-1, 2)
    return whole[first_ms * 16 : last_ms * 16].T / 32_768


async def _run(page: Page, script: str) -> Any:
    return await page.evaluate(f"(async () => {{ {script} }})()")


async def test_microphone_and_tab_are_two_channels_of_one_session(
    browser: DevTools, capturing: ScriptedServer
) -> None:
    async def script(session: Session) -> None:
        await session.started()
        await session.end()

    capturing.play(script)
    origin = capturing.url.rstrip("/")
    async with Page.opened(browser) as meeting, Page.opened(browser) as page:
        await meeting.open(f"{capturing.url}meeting.html")
        await page.permit("microphone", "granted", origin)
        # Without a microphone in use, sound waits for a gesture, and for nothing else.
        await page.call("Page.navigate", {"url": f"{capturing.url}capturing.html#early"})
        assert await _untouched(page, "globalThis.early?.then(({ state }) => state)") == "suspended"
        await page.click("html")
        await page.wait_for(
            "early.then((source) => (globalThis.first = source).state === 'running')"
        )
        await _run(page, "await first.stop()")
        assert await page.evaluate("first.state") == "stopped"

        named = await _run(
            page,
            f"""
            globalThis.source = await capture.mixed({{
              channelNames: ["me", "meeting"],
              microphone: {_PLAIN},
              tab: {{ suppressLocalAudioPlayback: true }},
            }});
            globalThis.told = [];
            globalThis.starts = [];
            for (const name of ["lost", "muted", "device"])
              source.on(name, (fact) => told.push([name, fact.code, fact.channel, fact.muted]));
            globalThis.session = client.createTranscriber(
              {{ url: "{capturing.url}", audio: source.format }});
            await session.connect();
            source.on("chunk", ({{ pcm, startMs }}) => (starts.push(startMs), session.send(pcm)));
            return source.inputs.map(({{ name, kind, label }}) => [name, kind, label !== ""]);
            """,
        )
        assert named == [["me", "microphone", True], ["meeting", "tab", True]]
        session = await capturing.session(0)
        assert session.start["audio"] == {
            "encoding": "pcm_s16le",
            "sample_rate": 16_000,
            "channels": 2,
            "channel_names": ["me", "meeting"],
        }
        await meeting.evaluate("play()")
        await _hears(session, {0: _MICROPHONE_HZ, 1: TAB_HZ})

        # Muted: silence to the bit on one channel, and time goes on for both.
        await page.evaluate("source.mute('me')")
        await _hushed(session, 0)
        muted_ms = await _grow(session, 200)
        silent = _channels(session, muted_ms, muted_ms + 200)
        assert not silent[0].any() and silent[1].any()

        # Another device takes over the channel, as muted as the one before.
        devices = await _run(page, "return await capture.microphones()")
        assert len(devices) >= 2 and all(device["label"] for device in devices)
        chosen = devices[-1]["deviceId"]
        taken = f"{{ deviceId: {json.dumps(chosen)}, ...{_PLAIN} }}"
        info = await _run(page, f"return await source.useMicrophone({taken})")
        assert (info["deviceId"], info["channel"], info["muted"]) == (chosen, 0, True)
        await _grow(session, 200)
        assert not _channels(session, muted_ms, muted_ms + 400)[0].any()
        await page.evaluate("source.unmute()")
        await _hears(session, {0: _MICROPHONE_HZ, 1: TAB_HZ})

        # The tab goes away; the microphone stays.
        await meeting.call("Page.close")
        await page.wait_for("told.some(([name]) => name === 'lost')")
        await _hushed(session, 1)
        await _hears(session, {0: _MICROPHONE_HZ})
        assert await page.evaluate("source.inputs.map(({ live }) => live)") == [True, False]

        await _run(page, "await source.stop(); await session.stop();")
        told = await page.evaluate("told")
        assert told == [
            ["muted", None, 0, True],
            ["device", None, 0, True],
            ["muted", None, 0, False],
            ["lost", "device_lost", 1, None],
        ]
        starts = await page.evaluate("starts")
        assert np.all(np.diff(starts) == 40)
        assert page.complaints == []


async def _untouched(page: Page, script: str) -> Any:
    """The value of `script`, once it has one, without what counts as a reader's gesture."""
    params = {"expression": script, "awaitPromise": True, "returnByValue": True}
    for _ in range(200):
        answer = await page.call("Runtime.evaluate", params)
        if "value" in answer["result"]:
            return answer["result"]["value"]
        await asyncio.sleep(0.05)
    raise AssertionError(f"never came true: {script}")


async def _grow(session: Session, ms: int) -> int:
    """Waits for so much more sound; returns where it began."""
    before = len(session.audio) // 64
    await session.heard(2 * (before + ms))
    return before


async def _hears(session: Session, tones: dict[int, int]) -> None:
    """Waits for a stretch with these tones as loud as they are, and none on the other's channel.

    A browser that gets too little of the machine drops some; what is mixed up stays so.
    """
    for _ in range(40):
        start = await _grow(session, 200)
        heard = _channels(session, start, start + 200)
        own = [_level(heard[channel], hertz) for channel, hertz in tones.items()]
        # −60 dB of the other's, and less.
        other = [_level(heard[1 - channel], hertz) for channel, hertz in tones.items()]
        if all(abs(level - 0.5) < 0.02 for level in own) and max(other) < 0.0005:
            return
    raise AssertionError(f"{tones} never come to {own}, with {other} beside them")


async def _hushed(session: Session, channel: int) -> None:
    """Waits until there is silence to the bit."""
    for _ in range(50):
        start = await _grow(session, 100)
        if not _channels(session, start, start + 100)[channel].any():
            return
    raise AssertionError(f"channel {channel} is never silent")


async def test_streams_one_has_keep_step_and_are_given_back(
    browser: DevTools, capturing: ScriptedServer
) -> None:
    async with Page.opened(browser) as page:
        await page.open(f"{capturing.url}capturing.html")
        await page.wait_for("globalThis.capture !== undefined")
        lag, alive, refused = await _run(
            page,
            """
            // The same noise for two streams, as from two ends of a call.
            const context = new AudioContext();
            const ends = [0, 1].map(() => new MediaStreamAudioDestinationNode(context));
            const noise = new AudioBuffer({ length: 48000, sampleRate: context.sampleRate });
            noise.getChannelData(0).forEach((_, i, all) => (all[i] = Math.random() - 0.5));
            const player = new AudioBufferSourceNode(context, { buffer: noise, loop: true });
            for (const end of ends) player.connect(end);
            player.start();
            await context.resume();
            const gone = new AbortController();
            const source = await capture.fromStreams(
              { alice: ends[0].stream, bob: ends[1].stream }, { signal: gone.signal });
            const heard = [[], []];
            source.on("chunk", ({ pcm }) => pcm.forEach((value, i) => heard[i % 2].push(value)));
            await new Promise((resolve) => setTimeout(resolve, 1200));
            const stopped = new Promise((resolve) => source.once("state", resolve));
            gone.abort();
            await stopped;
            const [a, b] = heard;
            const likeness = (lag) => {
              let sum = 0;
              for (let i = 8000; i < 12000; i += 1) sum += a[i] * b[i + lag];
              return sum;
            };
            let lag = 0;
            for (let each = -400; each <= 400; each += 1)
              if (likeness(each) > likeness(lag)) lag = each;
            const refused = await capture.microphone({ signal: gone.signal }).catch((e) => e.code);
            return [lag, ends.map(({ stream }) => stream.getAudioTracks()[0].readyState), refused];
            """,
        )
        assert abs(lag) <= 160  # 10 ms: what a browser's buffers may differ by
        assert alive == ["live", "live"]
        assert refused == "aborted"
        assert page.complaints == []


async def test_what_can_go_wrong_has_its_code(browser: DevTools, capturing: ScriptedServer) -> None:
    origin = capturing.url.rstrip("/")
    code = (
        "then((source) => source.stop().then(() => 'runs'), (error) => [error.code, error.message])"
    )
    async with Page.opened(browser) as page:
        await page.open(f"{capturing.url}capturing.html")
        await page.wait_for("globalThis.capture !== undefined")
        # A reader who takes time to answer: giving up does not wait, and a late yes is let go.
        late = await _run(
            page,
            """
            const { stream } = new MediaStreamAudioDestinationNode(new AudioContext());
            let answer;
            const asking = new Promise((resolve) => (answer = () => resolve(stream)));
            navigator.mediaDevices.getUserMedia = () => asking;
            const gone = new AbortController();
            const opening = capture.microphone({ signal: gone.signal }).catch((e) => e.code);
            gone.abort();
            const code = await opening;
            answer();
            await asking;
            await new Promise((resolve) => setTimeout(resolve));
            delete navigator.mediaDevices.getUserMedia;
            return [code, stream.getAudioTracks()[0].readyState];
            """,
        )
        assert late == ["aborted", "ended"]

        await page.permit("microphone", "denied", origin)
        assert (await page.evaluate(f"capture.microphone().{code}"))[0] == "permission_denied"
        await page.permit("microphone", "granted", origin)
        unknown = "capture.microphone({ deviceId: 'unplugged' })"
        assert (await page.evaluate(f"{unknown}.{code}"))[0] == "no_device"
        assert page.complaints == []

        # A policy without blob: wants the worklet's own address.
        await page.open(f"{capturing.url}capturing-strict.html")
        await page.wait_for("globalThis.capture !== undefined")
        found, message = await page.evaluate(f"capture.microphone().{code}")
        assert found == "worklet_failed" and "workletUrl" in message
        named = "capture.microphone({ workletUrl: new URL('client/worklet.js', location.href) })"
        assert await page.evaluate(f"{named}.{code}") == "runs"
        assert all("Content Security Policy" in said or "blob:" in said for said in page.complaints)
