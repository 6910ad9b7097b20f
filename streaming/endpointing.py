"""When a segment ends: how much silence it takes, how long it may be, and sets of these by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Preset(StrEnum):
    """What a stream is for; each name stands for a whole :class:`Endpointing`."""

    CAPTIONS = "captions"
    TELEPHONY = "telephony"
    DICTATION = "dictation"


@dataclass(frozen=True, slots=True)
class Endpointing:
    """When a segment ends: after so much silence, or at so much length.

    ``sentence_silence_ms`` is the silence that is enough where the words so far complete a
    sentence; None, or anything above ``silence_ms``, asks for no less than that.
    """

    silence_ms: int = 700
    max_segment_ms: int = 20_000
    sentence_silence_ms: int | None = None

    def silence_after(self, *, sentence: bool) -> int:
        """Return how many milliseconds of silence end a segment here."""
        if not sentence or self.sentence_silence_ms is None:
            return self.silence_ms
        return min(self.silence_ms, self.sentence_silence_ms)


# Measured and argued for in docs/endpointing.md.
PRESETS: Final[Mapping[Preset, Endpointing]] = {
    Preset.CAPTIONS: Endpointing(700, 12_000, 400),
    Preset.TELEPHONY: Endpointing(700, 15_000, 400),
    Preset.DICTATION: Endpointing(2_000, 28_000, 1_000),
}
