"""Interleaved channels to one, for a client that sends several and wants them heard as one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streaming.audio.formats import Encoding
from streaming.audio.g711 import decode_alaw, decode_ulaw


class Mixer:
    """The mean of all channels, piece by piece; bytes may be cut anywhere.

    Floats stay floats, everything else becomes 16-bit PCM.
    """

    def __init__(self, encoding: Encoding, channels: int) -> None:
        self._encoding = encoding
        self._channels = channels
        self._frame = encoding.bytes_per_sample * channels
        self._rest = b""

    def push(self, data: bytes) -> bytes:
        """Take bytes of all channels; return those of one that are now complete."""
        data = self._rest + data
        whole = len(data) - len(data) % self._frame
        self._rest = data[whole:]
        samples = self._samples(data[:whole]).reshape(-1, self._channels)
        # In double width; what isn't finite is refused where it is decoded.
        with np.errstate(all="ignore"):
            mean = samples.astype(np.float64).mean(axis=1)
            floats = self._encoding is Encoding.PCM_F32LE
            mixed: bytes = (mean.astype("<f4") if floats else np.rint(mean).astype("<i2")).tobytes()
        return mixed

    def _samples(self, data: bytes) -> npt.NDArray[np.int16] | npt.NDArray[np.float32]:
        match self._encoding:
            case Encoding.MULAW:
                return decode_ulaw(data)
            case Encoding.ALAW:
                return decode_alaw(data)
            case Encoding.PCM_F32LE:
                return np.frombuffer(data, "<f4")
            case Encoding.PCM_S16LE:
                return np.frombuffer(data, "<i2")
