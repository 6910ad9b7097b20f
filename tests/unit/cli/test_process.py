"""The command as a process of its own: Ctrl-C, readers that leave, and a real terminal."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from tests.protocol.sounds import encoded, silence, speech
from tests.unit.cli.conftest import WriteWav, utterances

pty = pytest.importorskip("pty", reason="signals and terminals of POSIX")
pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).resolve().parents[3]
WAIT_S = 60.0  # how long a test waits for what must come; never how long anything takes
Process = subprocess.Popen[bytes]


@contextmanager
def wirescribe(
    *arguments: str | Path,
    delay_s: float = 0.0,
    batch: int = 8,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> Iterator[Process]:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("WIRESCRIBE_")},
        "PYTHONPATH": str(ROOT),
        "WIRESCRIBE_VAD__MODE": "webrtc",
        "FAKE_DELAY_S": str(delay_s),
        "FAKE_BATCH": str(batch),
        "TERM": "xterm",
        "COLUMNS": "80",
        "LINES": "24",
    }
    command = [sys.executable, "-m", "tests.unit.cli.fake_wirescribe", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(descriptor: int, wanted: Callable[[str], bool]) -> str:
    """Read until it is as wanted, or the other side has closed."""
    text = b""
    while not wanted(text.decode(errors="replace")):
        ready, _, _ = select.select([descriptor], [], [], WAIT_S)
        assert ready, f"nothing more came after {text.decode(errors='replace')!r}"
        try:
            data = os.read(descriptor, 65_536)
        except OSError:  # how a terminal on Linux says that no one is left
            break
        if not data:
            break
        text += data
    return text.decode(errors="replace")


@pytest.mark.parametrize("signals", [1, 2])
def test_an_interrupt_keeps_what_was_heard(wav: WriteWav, signals: int) -> None:
    path = wav("long.wav", utterances(*[1_000] * 60))
    with wirescribe("transcribe", path, delay_s=0.2, batch=1) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        text = read_until(process.stdout.fileno(), lambda text: "\n" in text)
        process.send_signal(signal.SIGINT)
        errors = read_until(process.stderr.fileno(), lambda text: "\n" in text)
        if signals == 2:
            process.send_signal(signal.SIGINT)
        text += read_until(process.stdout.fileno(), lambda text: False)
        errors += process.stderr.read().decode()
        process.wait(WAIT_S)

    assert process.returncode == 130
    assert "finishing what was heard so far" in errors
    assert "Traceback" not in errors
    # No more than 20 s of the 150 s wait to be decoded at any time.
    assert 1 <= len(text.splitlines()) < 30


def test_an_interrupt_ends_the_wait_for_a_silent_pipe() -> None:
    with wirescribe("transcribe", "-", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sound = encoded(speech(1_200)) + encoded(silence(1_200)) + encoded(speech(600))
        process.stdin.write(sound)
        process.stdin.flush()
        first = read_until(process.stdout.fileno(), lambda text: "\n" in text)
        process.send_signal(signal.SIGINT)
        rest = read_until(process.stdout.fileno(), lambda text: False)
        process.wait(WAIT_S)

    assert process.returncode == 130
    assert first.startswith("w0 w1")
    assert rest.startswith("w6")  # what was being said


def test_a_reader_that_leaves_is_no_reason_to_complain(wav: WriteWav) -> None:
    paths = [wav(f"{number}.wav", utterances(800)) for number in range(3)]
    with wirescribe("transcribe", *paths, delay_s=0.2) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, errors = process.communicate(timeout=WAIT_S)

    assert process.returncode == 1
    assert errors == b""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal: ours, and the command's."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def test_on_a_terminal_partials_are_seen_before_their_final(
    wav: WriteWav, terminal: tuple[int, int]
) -> None:
    path = wav("a.wav", np.concatenate([utterances(6_000, 2_500), silence(16_500)]))
    ours, theirs = terminal
    with wirescribe("transcribe", path, stdout=theirs, stderr=theirs, delay_s=0.05) as process:
        os.close(theirs)
        drawn = read_until(ours, lambda text: False)
        process.wait(WAIT_S)

    assert process.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)
    growing = [len(line.split()) for line in plain.splitlines() if re.match(r" *0:00 +w0", line)]
    assert len(set(growing)) >= 3
    assert "w0 w1 w2 w3 w4 w5 w6 w7 w8" in " ".join(plain.split())
    assert "of 0:28" in plain
    assert "of sound in" in plain.splitlines()[-1]
    assert "\x1b[?25h" in drawn.split("\x1b[?25l")[-1]  # the cursor is back


def test_text_in_a_pipe_leaves_the_terminal_its_bar(
    wav: WriteWav, terminal: tuple[int, int]
) -> None:
    path = wav("a.wav", np.concatenate([utterances(2_000, 2_000), silence(53_000)]))
    ours, theirs = terminal
    with wirescribe("transcribe", path, stderr=theirs, delay_s=0.4) as process:
        os.close(theirs)
        drawn = read_until(ours, lambda text: False)
        assert process.stdout is not None
        text = process.stdout.read().decode()
        process.wait(WAIT_S)

    assert process.returncode == 0
    assert [line.split()[0] for line in text.splitlines()] == ["w0", "w8"]
    assert "\x1b" not in text
    assert "of 1:00" in drawn
    assert "w1" not in drawn


def test_json_on_a_terminal_is_not_broken_by_its_width(
    wav: WriteWav, terminal: tuple[int, int]
) -> None:
    path = wav("a.wav", np.concatenate([utterances(12_000), silence(20_000)]))
    ours, theirs = terminal
    arguments = ("transcribe", path, path, "--format", "json")
    with wirescribe(*arguments, stdout=theirs, stderr=theirs, delay_s=0.05) as process:
        os.close(theirs)
        drawn = read_until(ours, lambda text: False)
        process.wait(WAIT_S)

    assert process.returncode == 0
    text = drawn.replace("\r\n", "\n")
    first = text.index('{\n  "file"')
    document, end = json.JSONDecoder().raw_decode(text, first)
    assert document["file"] == str(path)
    assert len(document["text"]) > 80
    assert text[end:].startswith('\n{\n  "file"')


def test_complaints_stand_above_the_display_or_in_their_file(
    wav: WriteWav, terminal: tuple[int, int], tmp_path: Path
) -> None:
    path = wav("a.wav", np.concatenate([utterances(2_000), silence(20_000)]))
    noise = tmp_path / "noise.mp3"
    noise.write_bytes(b"no sound" * 99)
    ours, theirs = terminal
    log = tmp_path / "log"
    with (
        log.open("wb") as file,
        wirescribe("transcribe", path, noise, stdout=theirs, stderr=file) as process,
    ):
        os.close(theirs)
        drawn = read_until(ours, lambda text: False)
        process.wait(WAIT_S)

    assert process.returncode == 1
    assert "not a media file" not in drawn
    assert log.read_text(encoding="utf-8").startswith("wirescribe: ")
