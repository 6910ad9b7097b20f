"""The settings of partials."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from streaming.settings.section import Section


class PartialSettings(Section):
    """How often partials come, and over how much audio they are decoded."""

    step_ms: int = Field(default=400, ge=100, le=5_000, description="new speech before the next")
    first_ms: int = Field(
        default=600, ge=200, le=5_000, description="speech before a segment's first"
    )
    pause_ms: int = Field(
        default=160, ge=20, le=5_000, description="a pause as long as this brings one at once"
    )
    trim_ms: int = Field(
        default=4_000, ge=2_000, le=20_000, description="longest stretch decoded for one"
    )
    keep_ms: int = Field(
        default=1_200, ge=500, le=10_000, description="what is left of it when it is shortened"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.keep_ms >= self.trim_ms:
            raise ValueError(f"keep_ms {self.keep_ms} is not below trim_ms {self.trim_ms}")
        return self
