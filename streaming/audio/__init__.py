"""Sound on its way in: bytes of any accepted format become 16 kHz samples at known positions.

Pure: no sockets, no clock, no threads. Inside, audio is float32 in [-1, 1] at :data:`SAMPLE_RATE`,
and every position is a count of samples since the stream's start.
"""

from __future__ import annotations

from typing import Final

SAMPLE_RATE: Final = 16_000
"""The one rate inside, in samples per second: Whisper's own."""

SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000
"""Stream time is milliseconds on the wire and samples inside; this is the bridge."""

__all__ = ["SAMPLES_PER_MS", "SAMPLE_RATE"]
