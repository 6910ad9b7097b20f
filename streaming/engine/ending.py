"""What stands behind an encoded window, so that the decoder hears that the sound is over.

Whisper was trained on windows of 30 s. In a shorter one it misses the end that every recording
had: of windows cut out of running speech, with a second of silence behind them, one in twelve is
said again and again. What tells the decoder to stop is less the silence itself than its place,
for the encoder's output has positions in it. So the last frames of a window of 30 s that ends in
silence are put behind the output for a short one. They are computed once for a model, and cost the
encoder nothing more (``docs/adr/0030-the-end-of-a-window.md`` has the figures).

The same frames fill up the shorter rows of a batch, whose windows are therefore encoded at their
own lengths. Shapes are (frames, d) with 50 frames a second; a full window has 1,500.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.float32]

_SAMPLE_RATE: Final = 16_000
_FULL_FRAMES: Final = 1_500
_FULL_SAMPLES: Final = 30 * _SAMPLE_RATE
# Something like a voice in front of the silence: behind speech the ending is a better one than in a
# window that was silent throughout.
_SOUND_S: Final = 4
_PITCH_HZ: Final = 120
_HARMONICS: Final = 30
_SYLLABLES_HZ: Final = 3
_LEVEL: Final = 0.07
_SILENT_FROM: Final = 300  # two seconds behind the sound
_LAST_FRAMES: Final = 25
_SILENT_FRAMES: Final = 100


def reference_window() -> npt.NDArray[np.float32]:
    """Return 30 s of samples at 16 kHz: a humming voice for 4 s, and digital silence."""
    time = np.arange(_SOUND_S * _SAMPLE_RATE) / _SAMPLE_RATE
    hum = np.zeros_like(time)
    for number in range(1, _HARMONICS):
        hum += np.sin(2 * np.pi * _PITCH_HZ * number * time) / number
    hum *= np.clip(np.sin(2 * np.pi * _SYLLABLES_HZ * time), 0, 1)
    window = np.zeros(_FULL_SAMPLES, dtype=np.float32)
    window[: len(hum)] = _LEVEL * hum / np.sqrt(np.mean(np.square(hum)))
    return window


class Ending:
    """The frames that end a window; ``encoded`` is what the model makes of the reference window."""

    def __init__(self, encoded: Frames) -> None:
        if len(encoded) != _FULL_FRAMES:
            raise ValueError(f"{len(encoded)} frames, not the {_FULL_FRAMES} of a full window")
        self._silence = encoded[_SILENT_FROM:-_LAST_FRAMES].copy()
        self._last = encoded[-_LAST_FRAMES:].copy()

    def joined(self, rows: Sequence[Frames]) -> Frames:
        """Return the rows as one array of shape (rows, frames, d), an ending behind each.

        All are as long as the longest with its ending, and no longer than a full window, which has
        an end of its own.
        """
        longest = max(len(row) for row in rows)
        total = min(_FULL_FRAMES, longest + _SILENT_FRAMES + _LAST_FRAMES)
        out = np.empty((len(rows), total, rows[0].shape[1]), dtype=np.float32)
        for place, row in zip(out, rows, strict=True):
            end = max(len(row), total - _LAST_FRAMES)
            place[: len(row)] = row
            silent = np.arange(end - len(row)) % len(self._silence)
            place[len(row) : end] = self._silence[silent]
            place[end:] = self._last[_LAST_FRAMES - (total - end) :]
        return out
