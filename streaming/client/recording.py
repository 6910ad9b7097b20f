"""A file of sound, read piece by piece: WAV by itself, everything else through PyAV."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from streaming.client.errors import RecordingError
from streaming.client.options import SAMPLE_BYTES, Encoding
from streaming.client.samples import WIRE, as_s16, for_the_wire, mixed
from streaming.client.wav import WavFormat, is_wav, read_header

_RATES = range(8_000, 48_001)  # of what a server hears
_DECODED_HZ = 16_000


class _Source(Protocol):
    encoding: Encoding
    sample_rate: int
    channels: int
    duration_ms: int | None

    def read(self, frames: int) -> bytes: ...
    def close(self) -> None: ...


class Recording:
    """A file open for reading; ``with open_recording(path) as recording``.

    ``encoding``, ``sample_rate`` and ``channels`` are what ``connect`` has to be told.
    ``duration_ms`` is None where only the end of the file will tell.
    """

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._reading = threading.Lock()  # a file is not closed under who reads it
        self._closed = False
        self.encoding: Encoding = source.encoding
        self.sample_rate = source.sample_rate
        self.channels = source.channels
        self.duration_ms = source.duration_ms

    def pieces(self, ms: int = 100) -> Iterator[bytes]:
        """The sound from here on in pieces of ``ms``; the last may be shorter.

        Raises ``RecordingError`` where the file turns out to be damaged.
        """
        frames = max(1, self.sample_rate * ms // 1000)
        while piece := self._read(frames):
            yield piece

    def ms(self, size: int) -> float:
        """How long so many bytes last."""
        frame_bytes = SAMPLE_BYTES[self.encoding] * self.channels
        return size / frame_bytes * 1000 / self.sample_rate

    def close(self) -> None:
        """Read no more; pieces end."""
        with self._reading:
            self._closed = True
            self._source.close()

    def _read(self, frames: int) -> bytes:
        with self._reading:
            return b"" if self._closed else self._source.read(frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_recording(path: str | Path, *, separate: bool = False) -> Recording:
    """Open a file of sound; its channels are mixed into one, unless they are ``separate`` people.

    WAV of any kind from 8 to 48 kHz needs nothing. Everything else FFmpeg can read needs PyAV
    (``pip install av``). Raises ``RecordingError``.
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise RecordingError(f"{path.name!r}: {error.strerror}") from error
    try:
        if is_wav(file.read(12)):
            file.seek(0)
            form = read_header(file)
            if form.sample_rate in _RATES:
                return Recording(_Wav(file, form, separate=separate))
    except RecordingError:
        file.close()
        raise
    file.close()
    return Recording(_Decoded(path, separate=separate))


class _Wav:
    """The samples of a WAV file, as they are where a server reads them so."""

    def __init__(self, file: BinaryIO, form: WavFormat, *, separate: bool) -> None:
        self._file = file
        self._form = form
        self._left = form.frames
        self._mixes = form.channels > 1 and not separate
        self.channels = 1 if self._mixes else form.channels
        self.encoding: Encoding = (
            "pcm_s16le" if self._mixes else WIRE.get(form.samples, "pcm_s16le")
        )
        self.sample_rate = form.sample_rate
        self.duration_ms = None if form.frames is None else form.frames * 1000 // form.sample_rate

    def read(self, frames: int) -> bytes:
        form = self._form
        if self._left is not None:
            frames = min(frames, self._left)
        data = self._file.read(frames * form.frame_bytes)
        data = data[: len(data) - len(data) % form.frame_bytes]
        if self._left is not None:
            self._left = self._left - len(data) // form.frame_bytes if data else 0
        if self._mixes:
            return mixed(as_s16(data, form.samples), form.channels)
        return for_the_wire(data, form.samples)

    def close(self) -> None:
        self._file.close()


class _Decoded:
    """What PyAV makes of a file: 16-bit samples at 16 kHz."""

    encoding: Encoding = "pcm_s16le"
    sample_rate = _DECODED_HZ

    def __init__(self, path: Path, *, separate: bool) -> None:
        av = _load_av(path)
        try:
            self._container = av.open(str(path))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise RecordingError(f"{path.name!r}: {_why(error)}") from error
        try:
            if not self._container.streams.audio:
                raise RecordingError(f"{path.name!r} has no sound in it")
            stream = self._container.streams.audio[0]
            self.channels = stream.channels if separate else 1
            layout = stream.layout.name if separate else "mono"
            self._resampler = av.AudioResampler(format="s16", layout=layout, rate=_DECODED_HZ)
        except BaseException:
            self._container.close()
            raise
        length = self._container.duration
        self.duration_ms: int | None = None if length is None else length * 1000 // av.time_base
        self._frames = self._decode(av, path.name)
        self._waiting = bytearray()

    def read(self, frames: int) -> bytes:
        size = frames * 2 * self.channels
        while len(self._waiting) < size and (more := next(self._frames, b"")):
            self._waiting += more
        piece = bytes(self._waiting[:size])
        del self._waiting[:size]
        return piece

    def close(self) -> None:
        self._container.close()

    def _decode(self, av: Any, name: str) -> Iterator[bytes]:
        try:
            for decoded in self._container.decode(audio=0):
                yield from self._resampled(decoded)
            yield from self._resampled(None)
        except av.FFmpegError as error:
            raise RecordingError(f"{name!r} is damaged: {_why(error)}") from error

    def _resampled(self, decoded: Any) -> Iterator[bytes]:
        for frame in self._resampler.resample(decoded):
            if frame.samples:
                yield bytes(frame.planes[0])[: frame.samples * 2 * self.channels]


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _load_av(path: Path) -> Any:
    try:
        return importlib.import_module("av")
    except ImportError:
        raise RecordingError(
            f"{path.name!r} is not a WAV file of 8 to 48 kHz; other formats need PyAV: "
            "pip install av",
            code="no_library",
        ) from None
