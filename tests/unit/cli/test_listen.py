"""``wirescribe listen`` with a sound library that plays what it is told to."""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Callable
from typing import Any

import pytest

from streaming.cli.interrupts import Interrupts
from streaming.client import microphone
from streaming.decoding import Kind
from streaming.engine.fake import FakeEngine
from tests.support.sound_library import FakeSound
from tests.unit.cli.conftest import Command, asked


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(call)


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    """A sound library; when all is played, Ctrl-C comes."""
    library = FakeSound()
    monkeypatch.setattr(importlib, "import_module", lambda _: library)

    def entered(self: Interrupts) -> Interrupts:
        loop = asyncio.get_running_loop()
        library.played = functools.partial(_soon, loop, self.interrupt)
        return self

    monkeypatch.setattr(Interrupts, "__enter__", entered)
    return library


def test_what_was_said_before_the_interrupt_is_written(run: Command, sound: FakeSound) -> None:
    result = run("listen")

    assert (result.status, result.err) == (0, "")
    first, last = result.out.splitlines()
    assert first.split()[:3] == ["w0", "w1", "w2"]
    assert last.split()  # the segment that was open
    assert sound.open_now == 0


def test_the_whole_is_written_to_a_file_at_the_end(
    run: Command, sound: FakeSound, tmp_path: Any
) -> None:
    result = run("listen", "--output", tmp_path / "notes.srt")

    assert (result.status, result.out) == (0, "")
    assert (tmp_path / "notes.srt").read_text(encoding="utf-8").startswith("1\n00:00:00,000")


def test_json_names_the_microphone(run: Command, sound: FakeSound) -> None:
    (document,) = run("listen", "--format", "json").documents
    assert document["file"] == "Headset"
    assert document["complete"] is True


def test_partials_are_not_decoded_where_no_one_sees_them(
    run: Command, sound: FakeSound, fake_engine: FakeEngine
) -> None:
    run("listen")
    assert Kind.PARTIAL not in {request.kind for request in asked(fake_engine)}


def test_a_device_that_cannot_16_khz_is_taken_at_its_own_rate(
    run: Command, sound: FakeSound
) -> None:
    sound.only = (44_100,)
    assert run("listen").status == 0
    assert sound.opened[0]["samplerate"] == 44_100

    sound.only = (48_000, 96_000)
    assert run("listen", "--device-name", "table").status == 0
    assert sound.opened[1]["samplerate"] == 48_000


@pytest.mark.parametrize(("name", "device"), [("1", 1), ("head", "head"), (None, None)])
def test_a_device_is_chosen_by_number_or_name(
    run: Command, sound: FakeSound, name: str | None, device: int | str | None
) -> None:
    arguments = [] if name is None else ["--device-name", name]
    assert run("listen", *arguments).status == 0
    assert sound.opened[0]["device"] == device


@pytest.mark.parametrize("name", ["nothing like it", "17"])
def test_an_unknown_device_is_refused_by_name(run: Command, sound: FakeSound, name: str) -> None:
    result = run("listen", "--device-name", name)

    assert result.status == 1
    assert result.err.startswith(f"wirescribe: --device-name: {name!r} can't be used: ")
    assert "--list-devices" in result.err


def test_a_device_that_does_not_open_is_one_line(run: Command, sound: FakeSound) -> None:
    sound.opens = False
    result = run("listen")

    assert result.status == 1
    assert (
        result.err == "wirescribe: --device-name: 'Headset' can't be opened: Device unavailable\n"
    )


def test_devices_that_record_are_listed(run: Command, sound: FakeSound) -> None:
    result = run("listen", "--list-devices")
    assert result.out == "1: Headset (1 channels)\n2: Table (2 channels)\n"


def test_without_the_extra_the_error_says_what_to_install(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    result = run("listen")

    assert result.status == 1
    assert result.err == (
        "wirescribe: listen: the microphone needs an extra: pip install 'wirescribe[mic]'\n"
    )


def test_without_portaudio_the_error_says_what_to_install(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert "apt install libportaudio2" in run("listen").err


def test_sound_beyond_the_queue_is_counted_and_told(
    run: Command, sound: FakeSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "_MOST_BLOCKS", 0)
    result = run("listen")

    assert result.status == 1
    assert "3400 ms of sound were lost" in result.err
