"""As much of sounddevice as is used, with devices that play what they are told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tests.protocol.sounds import encoded, silence, speech

DEVICES = [
    {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0},
    {"name": "Headset", "max_input_channels": 1, "default_samplerate": 44_100.0},
    {"name": "Table", "max_input_channels": 2, "default_samplerate": 96_000.0},
]


class PortAudioError(Exception):
    """The library's own."""


class FakeSound:
    """The library. ``only`` lists the rates that devices can."""

    PortAudioError = PortAudioError

    def __init__(self, *, only: tuple[int, ...] = (16_000,), opens: bool = True) -> None:
        self.only = only
        self.opens = opens
        self.opened: list[dict[str, Any]] = []
        self.open_now = 0
        self.played: Callable[[], None] = lambda: None

    def query_devices(self, device: int | str | None = None, kind: str | None = None) -> Any:
        if kind is None:
            return DEVICES
        if isinstance(device, int):
            if device >= len(DEVICES):
                raise PortAudioError(f"Error querying device {device}")
            return DEVICES[device]
        for each in DEVICES:
            if device is None and each["max_input_channels"]:
                return each
            if device is not None and device.lower() in str(each["name"]).lower():
                return each
        raise ValueError(f"No input device matching {device!r}")

    def check_input_settings(self, *, samplerate: int, **_: object) -> None:
        if samplerate not in self.only:
            raise PortAudioError("Invalid sample rate")

    def RawInputStream(self, **options: Any) -> _Stream:
        if not self.opens:
            raise PortAudioError("Device unavailable")
        self.opened.append(options)
        return _Stream(self, options)


class _Stream:
    """Plays speech to its callback from a thread, as PortAudio does, and then tells the test."""

    def __init__(self, library: FakeSound, options: dict[str, Any]) -> None:
        self._library = library
        self._options = options
        self._thread = threading.Thread(target=self._play)

    def __enter__(self) -> _Stream:
        self._library.open_now += 1
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.join()
        self._library.open_now -= 1

    def _play(self) -> None:
        rate = self._options["samplerate"]
        data = encoded(speech(1_600, rate)) + encoded(silence(1_000, rate))
        data += encoded(speech(800, rate))
        size = 2 * self._options["blocksize"]
        for at in range(0, len(data), size):
            block = bytearray(data[at : at + size])
            self._options["callback"](memoryview(block), len(block) // 2, None, None)
            block[:] = bytes(len(block))  # the library's buffer is used again
        self._library.played()
