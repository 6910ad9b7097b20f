"""The client's microphone with a sound library that plays what it is told to."""

from __future__ import annotations

import importlib

import pytest

from streaming.client import CaptureError
from streaming.client import microphone as module
from streaming.client.microphone import Microphone, input_devices
from tests.support.sound_library import FakeSound


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    library = FakeSound()
    monkeypatch.setattr(importlib, "import_module", lambda _: library)
    return library


def heard_in_all(blocks: list[bytes]) -> int:
    """Milliseconds."""
    assert {len(block) for block in blocks} == {1280}
    return 40 * len(blocks)


def test_it_is_heard_without_an_event_loop(sound: FakeSound) -> None:
    microphone = Microphone()
    sound.played = microphone.finish
    blocks = list(microphone)
    assert heard_in_all(blocks) == 3400
    assert any(any(block) for block in blocks), "the library's buffer was copied"
    assert (microphone.name, microphone.sample_rate, sound.open_now) == ("Headset", 16_000, 0)


async def test_it_is_heard_with_one(sound: FakeSound) -> None:
    microphone = Microphone(1)
    sound.played = microphone.finish
    assert heard_in_all([block async for block in microphone]) == 3400
    assert sound.open_now == 0


def test_finished_before_it_began_it_is_silent(sound: FakeSound) -> None:
    microphone = Microphone()
    microphone.finish()
    assert list(microphone) == []


async def test_finishing_behind_the_loop_is_no_error(sound: FakeSound) -> None:
    microphone = Microphone()
    sound.played = microphone.finish
    async for _ in microphone:
        pass
    microphone.finish()


def test_what_nobody_takes_is_bounded_and_counted(
    sound: FakeSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_BLOCKS", 0)
    microphone = Microphone()
    sound.played = microphone.finish
    assert list(microphone) == []
    assert microphone.lost_ms == 3400


@pytest.mark.parametrize("device", ["nothing", 17, "17"])
def test_a_device_that_is_not_there(sound: FakeSound, device: str | int) -> None:
    with pytest.raises(CaptureError, match=f"'{device}' can't be used") as caught:
        Microphone(device)
    assert (caught.value.code, caught.value.retryable) == ("device_unavailable", False)


def test_a_device_that_does_not_open(sound: FakeSound) -> None:
    sound.opens = False
    with pytest.raises(CaptureError, match="'Headset' can't be opened: Device unavailable"):
        list(Microphone())


def test_devices_are_listed(sound: FakeSound) -> None:
    assert input_devices() == ["1: Headset (1 channels)", "2: Table (2 channels)"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (ModuleNotFoundError("no"), r"pip install 'wirescribe\[mic\]'"),
        (OSError("PortAudio library not found"), "libportaudio2"),
    ],
)
def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, why: str
) -> None:
    def missing(name: str) -> None:
        raise fault

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(CaptureError, match=why) as caught:
        Microphone()
    assert caught.value.code == "no_library"
