"""Both clients and the real server: a network that is cut at random, servers that are killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

import pytest

from streaming.client import AudioLost, Backoff, Ended, Event, Final, Reconnected, connect
from tests.integration.process import ROOT, free_port, server_process
from tests.support.marked import WORD_MS, marked, said
from tests.support.proxy import Proxy, proxy

pytestmark = pytest.mark.timeout(120)

_QUICK = Backoff(base_ms=10, max_ms=100, attempts=40)
_SENTENCES, _WORDS, _PAUSE_MS = 8, 3, 900
_CHUNK = 3_200  # 100 ms
_PACE_S = 0.02
_JAVASCRIPT = ROOT / "client_js"


def speech() -> tuple[bytes, list[str]]:
    """Sentences with pauses, and the words in them."""
    sound, words = b"", []
    for first in range(0, _SENTENCES * _WORDS, _WORDS):
        numbers = range(first, first + _WORDS)
        sound += marked(numbers, silent_ms=_PAUSE_MS)
        words += said(numbers)
    return sound, words


def starts() -> list[int]:
    """When each word is said."""
    sentence_ms = _WORDS * WORD_MS + _PAUSE_MS
    return [s * sentence_ms + w * WORD_MS for s in range(_SENTENCES) for w in range(_WORDS)]


async def cutting(network: Proxy, seed: int) -> None:
    """Cut whatever is open, at random moments, until cancelled.

    Not before a client has been told ``started``: a first connection that fails is the caller's.
    """
    drawn = random.Random(seed)
    while True:
        await asyncio.sleep(drawn.uniform(0.05, 0.4))
        network.cut_all(reset=drawn.random() < 0.7)


@asynccontextmanager
async def bad(network: Proxy, seed: int) -> AsyncIterator[None]:
    cuts = asyncio.create_task(cutting(network, seed))
    try:
        yield
    finally:
        cuts.cancel()


async def python_hears(
    url: str, sound: bytes, trouble: AbstractAsyncContextManager[None] | None = None
) -> list[Event]:
    """Everything that a client hears; ``trouble`` comes once it is connected."""
    async with (
        connect(url, language="en", reconnect=_QUICK) as stream,
        trouble or nullcontext(),
    ):

        async def speak() -> None:
            for at in range(0, len(sound), _CHUNK):
                await stream.send(sound[at : at + _CHUNK])
                await asyncio.sleep(_PACE_S)
            await stream.end()

        speaking = asyncio.create_task(speak())
        events = [event async for event in stream]
        await speaking
    return events


def judge(finals: list[tuple[int, str]], words: list[str]) -> None:
    assert [text for _, text in finals] == words
    assert all(abs(at - start) <= 1 for (at, _), start in zip(finals, starts(), strict=True))


def words_of(events: list[Event]) -> list[tuple[int, str]]:
    finals = [event for event in events if isinstance(event, Final)]
    return [(word.start_ms, word.text.strip()) for final in finals for word in final.words]


async def test_python_over_a_network_that_is_cut_again_and_again() -> None:
    sound, words = speech()
    async with server_process("--port", str(free_port()), engine={"marks": True}) as server:
        await server.ready()
        async with proxy(server.port) as network:
            events = await python_hears(network.url, sound, bad(network, seed=4))
    judge(words_of(events), words)
    assert sum(isinstance(event, Reconnected) for event in events) > 3
    assert all(event.resumed for event in events if isinstance(event, Reconnected))
    assert not any(isinstance(event, AudioLost) for event in events)
    assert events[-1] == Ended(len(sound) // 32, _SENTENCES, len(words))


async def test_python_when_servers_are_killed_one_after_the_other() -> None:
    sound, words = speech()
    async with (
        server_process("--port", str(free_port()), engine={"marks": True}) as one,
        server_process("--port", str(free_port()), engine={"marks": True}) as two,
        server_process("--port", str(free_port()), engine={"marks": True}) as three,
    ):
        for server in (one, two, three):
            await server.ready()
        async with proxy(one.port) as network:
            hearing = asyncio.create_task(python_hears(network.url, sound))
            for dying, heir in ((one, two), (two, three)):
                await asyncio.sleep(1.3)
                network.target = heir.port
                dying.process.kill()
            events = await hearing
    judge(words_of(events), words)
    assert [e.resumed for e in events if isinstance(e, Reconnected)] == [False, False]
    segments = [event.segment for event in events if isinstance(event, Final)]
    assert len(set(segments)) == len(segments)
    assert isinstance(events[-1], Ended)
    assert (events[-1].audio_ms, events[-1].words) == (len(sound) // 32, len(words))


@asynccontextmanager
async def javascript() -> AsyncIterator[list[str]]:
    """The command of a Node program that streams a file, built from the package's sources."""
    esbuild = _JAVASCRIPT / "node_modules" / ".bin" / "esbuild"
    node = shutil.which("node")
    if node is None or not esbuild.exists():
        pytest.skip("Node.js, or the packages of client_js, are not installed")
    folder = _JAVASCRIPT / "node_modules" / f".speaker-{os.getpid()}"  # where it finds `ws`
    built = folder / "speaker.mjs"
    building = await asyncio.create_subprocess_exec(
        str(esbuild),
        "test/speaker.ts",
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--packages=external",
        "--log-level=error",
        f"--outfile={built}",
        cwd=_JAVASCRIPT,
    )
    assert await building.wait() == 0
    try:
        yield [node, str(built)]
    finally:
        shutil.rmtree(folder)


async def test_javascript_over_a_network_that_is_cut_again_and_again(tmp_path: Path) -> None:
    sound, words = speech()
    recording = tmp_path / "speech.pcm"
    recording.write_bytes(sound)
    async with (
        javascript() as command,
        server_process("--port", str(free_port()), engine={"marks": True}) as server,
    ):
        await server.ready()
        async with proxy(server.port) as network:
            speaker = await asyncio.create_subprocess_exec(
                *command,
                network.url,
                str(recording),
                stdout=asyncio.subprocess.PIPE,
                stderr=sys.stderr,
            )
            assert speaker.stdout is not None
            first = await speaker.stdout.readline()
            async with bad(network, seed=7):
                rest, _ = await speaker.communicate()
    assert speaker.returncode == 0
    heard = [json.loads(line) for line in (first + rest).splitlines()]
    finals = [event for event in heard if event["type"] == "final"]
    judge([(w["start_ms"], w["text"].strip()) for f in finals for w in f["words"]], words)
    again = [event for event in heard if event["type"] == "reconnected"]
    assert len(again) > 3
    assert all(event["resumed"] and event["lost_ms"] == 0 for event in again)
    assert heard[-1] == {
        "type": "ended",
        "audio_ms": len(sound) // 32,
        "segments": _SENTENCES,
        "words": len(words),
    }
