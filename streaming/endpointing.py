"""When a segment ends: how much silence it takes, how long it may be, and sets of these by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

# From and up to which share of the greatest length the silence shrinks, and to what. Measured in
# docs/adr/0011-shrinking-silence.md.
_SHORTENING: Final = (0.4, 0.6)
_SHORTEST_MS: Final = 400


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

    A long segment ends at ever shorter silences: a cut in a short pause when it comes is better
    than one looked for in hindsight, which takes words back that have been shown.
    """

    silence_ms: int = 700
    max_segment_ms: int = 20_000
    sentence_silence_ms: int | None = None

    def silence_after(self, length_ms: int = 0, *, sentence: bool) -> int:
        """Return how many milliseconds of silence end a segment of ``length_ms`` here."""
        silence_ms = self.silence_ms
        if sentence and self.sentence_silence_ms is not None:
            silence_ms = min(silence_ms, self.sentence_silence_ms)
        first, last = (share * self.max_segment_ms for share in _SHORTENING)
        shortened = min(1.0, max(0.0, (length_ms - first) / (last - first)))
        return round(silence_ms - shortened * max(0, silence_ms - _SHORTEST_MS))


# Measured and argued for in docs/endpointing.md.
PRESETS: Final[Mapping[Preset, Endpointing]] = {
    Preset.CAPTIONS: Endpointing(700, 12_000, 400),
    Preset.TELEPHONY: Endpointing(700, 15_000, 400),
    Preset.DICTATION: Endpointing(2_000, 28_000, 1_000),
}


def preset_values(name: object) -> Mapping[str, int | None]:
    """Return what a preset gives, by the fields' names; nothing for what is none's name."""
    return next((asdict(values) for preset, values in PRESETS.items() if preset == name), {})
