"""Byte chunks of any size to sample blocks at 16 kHz, and sample blocks to exact 20 ms frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from streaming.audio import SAMPLE_RATE
from streaming.audio.formats import AudioFormat, Encoding
from streaming.audio.g711 import decode_alaw, decode_ulaw
from streaming.audio.resample import Resampler
from streaming.errors import BadMessage

Samples = npt.NDArray[np.float32]

FRAME_SAMPLES: Final = SAMPLE_RATE * 20 // 1000
"""One frame of voice activity detection: 20 ms."""

_INT16_SCALE: Final = np.float32(32_768)


def to_int16(block: Samples) -> npt.NDArray[np.int16]:
    """Return float samples as 16-bit ones, rounded, clipped at full scale; the shape is kept."""
    scaled: npt.NDArray[np.int16] = (
        np.rint(block * _INT16_SCALE).clip(-32_768, 32_767).astype("<i2")
    )
    return scaled


class Framer:
    """One stream's bytes to its samples: float32 of shape (channels, samples) at 16 kHz.

    Bytes may be cut anywhere, within a sample as well; the samples are the same for every way of
    cutting them. Values stay within [-1, 1].
    """

    def __init__(self, audio_format: AudioFormat) -> None:
        self.format = audio_format
        self._resampler = Resampler(audio_format.sample_rate, audio_format.channels)
        self._pending = b""
        self._received_bytes = 0
        self._received_samples = 0
        self._clipped_samples = 0

    @property
    def received_bytes(self) -> int:
        """All bytes pushed so far, those pending included."""
        return self._received_bytes

    @property
    def received_samples(self) -> int:
        """Whole input samples per channel so far, at the format's own rate."""
        return self._received_samples

    @property
    def received_ms(self) -> int:
        """The stream time received so far, in whole milliseconds."""
        return self._received_samples * 1000 // self.format.sample_rate

    @property
    def produced_samples(self) -> int:
        """Samples per channel returned so far, at 16 kHz; after a flush, all that was received."""
        return self._resampler.out_frames

    @property
    def pending_bytes(self) -> int:
        """Bytes of a sample that is not complete yet; fewer than one frame of the format."""
        return len(self._pending)

    @property
    def clipped_samples(self) -> int:
        """How many received float values lay outside [-1, 1] and were clipped."""
        return self._clipped_samples

    def push(self, data: bytes | bytearray | memoryview) -> Samples:
        """Take the next bytes; return the samples that are now certain, maybe none.

        A float that is not finite raises :class:`~streaming.errors.BadMessage` naming channel,
        position and value, and leaves the framer as it was.
        """
        size = self.format.bytes_per_frame
        joined = memoryview(self._pending + bytes(data) if self._pending else data).cast("B")
        whole = len(joined) - len(joined) % size
        block = self._decode(joined[:whole])
        out = self._resampler.push(block)
        self._received_bytes += memoryview(data).nbytes
        self._received_samples += len(block)
        self._pending = bytes(joined[whole:])
        return self._by_channel(out)

    def flush(self) -> Samples:
        """Return what the resampler holds back: afterwards nothing received is missing.

        Bytes of an incomplete sample stay pending. The stream may go on.
        """
        return self._by_channel(self._resampler.flush())

    def _by_channel(self, block: Samples) -> Samples:
        out = np.ascontiguousarray(block.T)
        if self.format.sample_rate != SAMPLE_RATE:
            # The filter overshoots a little at steps near full scale; full scale is the promise.
            np.clip(out, -1, 1, out=out)
        return out

    def _decode(self, data: memoryview) -> Samples:
        """Whole frames of bytes to float32 of shape (frames, channels)."""
        match self.format.encoding:
            case Encoding.PCM_S16LE:
                values = np.frombuffer(data, "<i2").astype(np.float32) / _INT16_SCALE
            case Encoding.PCM_F32LE:
                # A copy in native order; the bytes need not be aligned.
                values = self._checked(np.frombuffer(data, "<f4").astype(np.float32))
            case Encoding.MULAW:
                values = decode_ulaw(data).astype(np.float32) / _INT16_SCALE
            case Encoding.ALAW:
                values = decode_alaw(data).astype(np.float32) / _INT16_SCALE
        return values.reshape(-1, self.format.channels)

    def _checked(self, values: Samples) -> Samples:
        finite = np.isfinite(values)
        if not finite.all():
            index = int(np.argmin(finite))
            frame, channel = divmod(index, self.format.channels)
            raise BadMessage(
                f"audio: channel {channel}, sample {self._received_samples + frame}: "
                f"{float(values[index])} is not a finite number",
                field="audio",
            )
        beyond = int(np.count_nonzero(np.abs(values) > 1))
        if beyond:
            self._clipped_samples += beyond
            np.clip(values, -1, 1, out=values)
        return values


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of all channels: samples of shape (channels, n), and where it starts."""

    start_sample: int
    samples: Samples = field(repr=False, compare=False)

    @property
    def end_sample(self) -> int:
        """The position one past the last sample."""
        end: int = self.start_sample + self.samples.shape[1]
        return end


class FrameCutter:
    """Sample blocks of any length to frames of one exact length at absolute positions.

    ``most`` allows for several frames in one piece. Holds back less than one frame,
    ``pending_samples``, for the next block.
    """

    def __init__(self, channels: int, frame_samples: int = FRAME_SAMPLES, *, most: int = 1) -> None:
        self._frame_samples = frame_samples
        self._most_samples = most * frame_samples
        self._rest = np.zeros((channels, 0), np.float32)
        self._position = 0

    @property
    def position(self) -> int:
        """Where the next frame starts, in samples since the stream's start."""
        return self._position

    @property
    def pending_samples(self) -> int:
        """How many samples wait for the rest of their frame."""
        samples: int = self._rest.shape[1]
        return samples

    def push(self, block: Samples) -> list[Frame]:
        """Take samples of shape (channels, n); return the frames that are now complete."""
        joined = np.concatenate((self._rest, block), axis=1) if self.pending_samples else block
        whole = joined.shape[1] - joined.shape[1] % self._frame_samples
        size = self._most_samples
        frames = [
            Frame(self._position + at, joined[:, at : min(at + size, whole)])
            for at in range(0, whole, size)
        ]
        self._position += whole
        # A copy: a view would keep a large block alive for the sake of a few samples.
        self._rest = joined[:, whole:].copy()
        return frames

    def take_rest(self) -> Frame | None:
        """Return the incomplete last frame, shorter than the others, or None when there is none.

        For ``finalize`` and ``end``. Later frames follow where it ends.
        """
        if not self.pending_samples:
            return None
        frame = Frame(self._position, self._rest)
        self._position = frame.end_sample
        self._rest = self._rest[:, :0]
        return frame
