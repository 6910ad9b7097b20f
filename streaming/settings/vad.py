"""The settings of voice detection."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from streaming.settings.section import Section
from streaming.vad import VadMode


class VadSettings(Section):
    """What counts as speech."""

    mode: VadMode = Field(
        default=VadMode.BOTH,
        description="webrtc: fast, takes music for speech; silero: a network; both: the network "
        "is asked where the fast one hears something",
    )
    aggressiveness: int = Field(
        default=2, ge=0, le=3, description="of webrtc; 0 hears speech everywhere, 3 misses some"
    )
    threshold: float = Field(
        default=0.5, gt=0, lt=1, description="Silero's probability from which speech begins"
    )
    release: float = Field(
        default=0.3, gt=0, lt=1, description="Silero's probability below which speech ends"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.release > self.threshold:
            raise ValueError(f"release {self.release} is above threshold {self.threshold}")
        return self
