"""The microphone as a source of sound, through PortAudio (the ``mic`` extra)."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import Any

from streaming.audio.formats import MAX_SAMPLE_RATE, AudioFormat
from streaming.cli.errors import CommandError

_WANTED_HZ = 16_000
_BLOCK_S = 0.1
_MOST_BLOCKS = 600  # a minute; beyond it the machine will not catch up


def load_sounddevice() -> Any:
    """Import the library now, not at start: it needs PortAudio and is an extra.

    Raises :class:`~streaming.cli.errors.CommandError` that says what to install.
    """
    try:
        return importlib.import_module("sounddevice")
    except ModuleNotFoundError:
        raise CommandError(
            "listen: the microphone needs an extra: pip install 'wirescribe[mic]'"
        ) from None
    except OSError as error:  # the Python half is there, the C library is not
        raise CommandError(
            f"listen: {error}; install PortAudio (Debian, Ubuntu: apt install libportaudio2)"
        ) from None


def input_devices(library: Any) -> list[str]:
    """Return a line for each device that records: its number, name and channels."""
    return [
        f"{number}: {device['name']} ({device['max_input_channels']} channels)"
        for number, device in enumerate(library.query_devices())
        if device["max_input_channels"] > 0
    ]


class Microphone:
    """An input device: iterate for 16-bit mono bytes; :meth:`finish` ends it.

    Sound waits in a queue of a minute at most. What finds it full is dropped and counted in
    :attr:`lost_ms`: the machine is too slow, and lagging ever further behind helps no one.
    """

    def __init__(self, library: Any, device: str | None) -> None:
        self._library = library
        self._device: int | str | None = (
            int(device) if device is not None and device.isdigit() else device
        )
        try:
            found = library.query_devices(self._device, "input")
            self.name = str(found["name"])
            self.format = AudioFormat(sample_rate=self._rate(found))
        except (ValueError, library.PortAudioError) as error:
            wanted = "the default microphone" if device is None else repr(device)
            raise CommandError(
                f"--device-name: {wanted} can't be used: {error}; "
                "`wirescribe listen --list-devices` shows what there is"
            ) from None
        self.lost_ms = 0
        self._blocks: asyncio.Queue[bytes | None] = asyncio.Queue()

    def _rate(self, found: Any) -> int:
        """Return 16 kHz where the device can, else the rate it prefers."""
        try:
            self._library.check_input_settings(
                device=self._device, channels=1, dtype="int16", samplerate=_WANTED_HZ
            )
        except self._library.PortAudioError:
            return min(int(found["default_samplerate"]), MAX_SAMPLE_RATE)
        return _WANTED_HZ

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()

        def take(data: bytes) -> None:
            if self._blocks.qsize() >= _MOST_BLOCKS:
                self.lost_ms += self.format.duration_ms(len(data))
            else:
                self._blocks.put_nowait(data)

        def called(data: Any, frames: int, time: Any, status: Any) -> None:
            # In PortAudio's thread; its buffer is used again after this.
            loop.call_soon_threadsafe(take, bytes(data))

        rate = self.format.sample_rate
        try:
            stream = self._library.RawInputStream(
                device=self._device,
                samplerate=rate,
                channels=1,
                dtype="int16",
                blocksize=int(rate * _BLOCK_S),
                callback=called,
            )
        except self._library.PortAudioError as error:
            raise CommandError(f"--device-name: {self.name!r} can't be opened: {error}") from None
        with stream:
            while (block := await self._blocks.get()) is not None:
                yield block

    def finish(self) -> None:
        """Take no more; what has been heard is still delivered."""
        self._blocks.put_nowait(None)
