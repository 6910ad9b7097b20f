"""What bytes of audio are in time, and what silence is in bytes."""

from __future__ import annotations

from streaming.client.options import SAMPLE_BYTES, Options

_SILENT_BYTE = {"mulaw": 0xFF, "alaw": 0xD5}


class Sound:
    """One session's audio format. Positions are bytes, always of whole frames.

    A frame is one sample of every channel.
    """

    def __init__(self, options: Options) -> None:
        self.channels = options.channels
        self.frame_bytes = SAMPLE_BYTES[options.encoding] * options.channels
        self._rate = options.sample_rate
        self._silent = _SILENT_BYTE.get(options.encoding, 0)

    def position(self, ms: int) -> int:
        """Return where a moment begins: the last frame that is not later."""
        return ms * self._rate // 1000 * self.frame_bytes

    def ms(self, position: int) -> int:
        """Return the moment nearest to a position."""
        return round(position * 1000 / (self._rate * self.frame_bytes))

    def silence(self, size: int) -> bytes:
        """Return so many bytes of silence."""
        return bytes([self._silent]) * size

    def mute(self, piece: bytes, channel: int, size: int) -> bytes:
        """Return a piece whose first ``size`` bytes are silent on one channel."""
        size = min(size, len(piece))
        muted = bytearray(piece)
        width = self.frame_bytes // self.channels
        for byte in range(channel * width, (channel + 1) * width):
            muted[byte : size : self.frame_bytes] = self.silence(size // self.frame_bytes)
        return bytes(muted)
