"""The examples against a running server: what is printed and posted is what was said.

Those in HTML, for React and for OBS are in ``tests/browser``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.process import ROOT, free_port, server_process
from tests.support.marked import marked, said

EXAMPLES = ROOT / "examples"
PYTHON = sorted(path.name for path in EXAMPLES.glob("*.py"))
WORDS = [*said(range(3)), *said(range(3, 5))]
SOUND = marked(range(3), silent_ms=900) + marked(range(3, 5), silent_ms=900)

# In the place of the library: a microphone that plays a file, block by block, and is silent then.
SOUNDDEVICE = """
import os, threading, wave

class PortAudioError(Exception):
    pass

def query_devices(device=None, kind=None):
    one = {"name": "Recorder", "max_input_channels": 1, "default_samplerate": 16000.0}
    return one if kind else [one]

def check_input_settings(**_):
    pass

class RawInputStream:
    def __init__(self, *, blocksize, callback, **_):
        self._size, self._callback, self._closed = blocksize, callback, threading.Event()
        self._thread = threading.Thread(target=self._play)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._closed.set()
        self._thread.join()

    def _play(self):
        with wave.open(os.environ["PLAYED"]) as file:
            while not self._closed.wait(0.005):
                block = file.readframes(self._size) or bytes(2 * self._size)
                self._callback(block, len(block) // 2, None, None)
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(SOUND)
    return path


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    async with server_process("--port", str(free_port()), engine={"marks": True}) as server:
        await server.ready()
        yield f"ws://127.0.0.1:{server.port}"


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


async def ran(*command: object, given: bytes | None = None, **more: str) -> tuple[int, str, str]:
    """Run a program; return its status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**more),
    )
    out, err = await process.communicate(given)
    return process.returncode or 0, out.decode(), err.decode()


def words_in(text: str) -> list[str]:
    """The words of lines such as ``   0.04 s  words``."""
    return re.sub(r"(?m)^ *[\d.]+ s  ", "", text).split()


async def test_a_file_and_a_tap_in_node(recording: Path, tmp_path: Path) -> None:
    async with serving() as url:
        with wirescribe_for_node(tmp_path) as command:
            python, tap = await asyncio.gather(
                ran(sys.executable, EXAMPLES / "stream_file.py", recording, url, "--fast"),
                ran(*command, recording, url) if command else asyncio.sleep(0),
            )
    assert (python[0], words_in(python[1]), python[2]) == (0, WORDS, "")
    assert python[1].startswith("   0.0")
    if tap is None:
        pytest.skip("Node.js, or the packages of client_js, are not installed")
    assert (tap[0], words_in(tap[1]), tap[2]) == (0, WORDS, "")


@contextlib.contextmanager
def wirescribe_for_node(folder: Path) -> Iterator[list[str | Path] | None]:
    """The example with its packages beside it, as npm would lay them; None without Node."""
    package = ROOT / "client_js"
    esbuild = package / "node_modules" / ".bin" / "esbuild"
    node = shutil.which("node")
    if node is None or not esbuild.exists():
        yield None
        return
    ours = folder / "node_modules" / "wirescribe"
    ours.mkdir(parents=True)
    (folder / "node_modules" / "ws").symlink_to(package / "node_modules" / "ws")
    (ours / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    build = [str(esbuild), "src/index.ts", "--bundle", "--format=esm", "--log-level=error"]
    subprocess.run([*build, f"--outfile={ours / 'index.js'}"], cwd=package, check=True)
    shutil.copy(EXAMPLES / "tap_wav.mjs", folder)
    yield [node, folder / "tap_wav.mjs"]


async def test_a_microphone_until_ctrl_c(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(SOUNDDEVICE)
    async with serving() as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLES / "microphone.py"),
            url,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}", PLAYED=str(recording)),
        )
        assert process.stdout is not None
        heard: list[str] = []
        while heard != WORDS:
            line = await process.stdout.readline()
            assert line, "it ended early"
            heard += line.decode().split()
        process.send_signal(signal.SIGINT)
        rest, told = await process.communicate()
    assert (process.returncode, rest) == (0, b"")
    assert told.decode() == "Listening to Recorder. Ctrl-C ends.\n"


class Hook:
    """Takes what is posted; refuses each the first time."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.refused: set[str] = set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", head)
        signature = re.search(r"X-Wirescribe-Signature: (\S+)", head, re.I)
        assert length is not None
        assert signature is not None
        body = await reader.readexactly(int(length[1]))
        known = json.loads(body)["id"] in self.refused
        if known:
            self.bodies.append(body)
            self.signatures.append(signature[1])
        self.refused.add(json.loads(body)["id"])
        status = b"204 No Content" if known else b"503 Not Now"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


async def test_a_bot_posts_finals_in_order_and_again_until_they_are_taken(
    recording: Path,
) -> None:
    hook = Hook()
    bot = EXAMPLES / "webhook_bot.py"
    async with (
        serving() as url,
        await asyncio.start_server(hook.handle, "127.0.0.1", 0) as listening,
    ):
        address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/finals"
        for source, given in ((recording, None), ("-", SOUND)):
            done = await ran(
                sys.executable,
                bot,
                address,
                source,
                "--server",
                url,
                given=given,
                WEBHOOK_SECRET="s3cret",
            )
            assert done == (0, "", "")
    posted = [json.loads(body) for body in hook.bodies]
    assert " ".join(final["text"] for final in posted).split() == WORDS * 2
    assert len({final["id"] for final in posted}) == 4
    assert [final["segment"] for final in posted] == [0, 1, 0, 1]
    for body, signature in zip(hook.bodies, hook.signatures, strict=True):
        assert signature == f"sha256={hmac.new(b's3cret', body, hashlib.sha256).hexdigest()}"


async def test_a_bot_says_what_nobody_took() -> None:
    bot = EXAMPLES / "webhook_bot.py"
    status, _, told = await ran(sys.executable, bot, "ftp://hooks", "talk.wav")
    assert (status, told.splitlines()[-1].split("error: ")[1]) == (
        2,
        "webhook: expected http:// or https://",
    )
    status, _, told = await ran(sys.executable, bot, "http://127.0.0.1:1", "gone.wav")
    assert (status, told) == (1, "unreadable: 'gone.wav': No such file or directory\n")


@pytest.mark.parametrize("name", [*PYTHON, "tap_wav.mjs"])
async def test_each_says_how_it_is_used(name: str, tmp_path: Path) -> None:
    if name.endswith(".mjs"):
        with wirescribe_for_node(tmp_path) as command:
            if command is None:
                pytest.skip("Node.js, or the packages of client_js, are not installed")
            status, out, err = await ran(*command, "--help")
    else:
        status, out, err = await ran(sys.executable, EXAMPLES / name, "--help")
    assert (status, err) == (0, "")
    assert out.startswith("usage: ")


def test_each_is_in_the_list() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.iterdir():
        if path.name != "README.md":
            assert f"]({path.name}" in text, path.name
