"""The microphone as a source of sound, through PortAudio (the ``mic`` extra).

::

    microphone = Microphone()
    with connect_sync(url, sample_rate=microphone.sample_rate) as stream:
        for chunk in microphone:  # another thread reads the events
            stream.send(chunk)

With an event loop it is ``async for``; either way ``finish`` ends it.
"""

from __future__ import annotations

import asyncio
import importlib
import queue
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from streaming.client.errors import CaptureError

_WANTED_HZ = 16_000
_BLOCK_S = 0.04  # as the page does: what ends in a block waits for its end
_MOST_BLOCKS = round(60 / _BLOCK_S)  # a minute; beyond it the machine will not catch up
_RATES = range(8_000, 48_001)  # of what a server hears


def load_sounddevice() -> Any:
    """The library, imported now: it needs PortAudio and is an extra.

    Raises ``CaptureError`` that says what to install.
    """
    try:
        return importlib.import_module("sounddevice")
    except ModuleNotFoundError:
        raise CaptureError(
            "the microphone needs an extra: pip install 'wirescribe[mic]'", code="no_library"
        ) from None
    except OSError as error:  # the Python half is there, the C library is not
        raise CaptureError(
            f"{error}; install PortAudio (Debian, Ubuntu: apt install libportaudio2)",
            code="no_library",
        ) from None


def input_devices() -> list[str]:
    """A line for each device that records: its number, name and channels."""
    return [
        f"{number}: {device['name']} ({device['max_input_channels']} channels)"
        for number, device in enumerate(load_sounddevice().query_devices())
        if device["max_input_channels"] > 0
    ]


class Microphone:
    """An input device; iterated, it gives 16-bit mono bytes, 40 ms at a time.

    ``device`` is its name, a part of it, or its number; the system's without it. It is open while
    somebody iterates. Sound waits in a queue of a minute at most. What finds it full is dropped and
    counted in ``lost_ms``: the machine is too slow, and lagging ever further behind helps no one.
    """

    def __init__(self, device: str | int | None = None) -> None:
        library = self._library = load_sounddevice()
        if isinstance(device, str) and device.isdigit():
            device = int(device)
        self._device = device
        try:
            found = library.query_devices(device, "input")
            self.name = str(found["name"])
            self.sample_rate = self._rate(found)
        except (ValueError, library.PortAudioError) as error:
            wanted = "the default microphone" if device is None else repr(str(device))
            raise CaptureError(
                f"{wanted} can't be used: {error}", code="device_unavailable"
            ) from None
        self.lost_ms = 0
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._tell: Callable[[], object] = lambda: None

    def _rate(self, found: Any) -> int:
        """Return 16 kHz where the device can, else the rate it prefers."""
        try:
            self._library.check_input_settings(
                device=self._device, channels=1, dtype="int16", samplerate=_WANTED_HZ
            )
        except self._library.PortAudioError:
            return min(max(int(found["default_samplerate"]), _RATES[0]), _RATES[-1])
        return _WANTED_HZ

    def __iter__(self) -> Iterator[bytes]:
        with self._open():
            while (block := self._waiting.get()) is not None:
                yield block

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        self._tell = lambda: loop.call_soon_threadsafe(news.set)
        with self._open():
            while True:
                try:
                    block = self._waiting.get_nowait()
                except queue.Empty:
                    news.clear()
                    await news.wait()
                    continue
                if block is None:
                    return
                yield block

    def finish(self) -> None:
        """Take no more; what has been heard is still delivered. From any thread."""
        self._put(None)

    def _put(self, block: bytes | None) -> None:
        self._waiting.put(block)
        with suppress(RuntimeError):  # the loop that was told is closed
            self._tell()

    @contextmanager
    def _open(self) -> Iterator[None]:
        def called(data: Any, frames: int, time: Any, status: Any) -> None:
            # In PortAudio's thread; its buffer is used again after this.
            if self._waiting.qsize() >= _MOST_BLOCKS:
                self.lost_ms += frames * 1000 // self.sample_rate
            else:
                self._put(bytes(data))

        try:
            stream = self._library.RawInputStream(
                device=self._device,
                samplerate=self.sample_rate,
                channels=1,
                dtype="int16",
                blocksize=int(self.sample_rate * _BLOCK_S),
                callback=called,
            )
        except self._library.PortAudioError as error:
            raise CaptureError(
                f"{self.name!r} can't be opened: {error}", code="device_unavailable"
            ) from None
        with stream:
            yield
