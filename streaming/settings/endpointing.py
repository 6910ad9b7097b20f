"""The settings of where segments end."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from streaming.endpointing import Preset, preset_values
from streaming.settings.section import Section


class EndpointingSettings(Section):
    """When a segment ends. A client may ask for its own, within the same bounds."""

    preset: Preset | None = Field(default=None, description="gives those that are not set here")
    silence_ms: int = Field(default=700, ge=100, le=5_000, description="silence that ends one")
    sentence_silence_ms: int | None = Field(
        default=None, ge=100, le=5_000, description="silence that is enough behind a sentence"
    )
    max_segment_ms: int = Field(
        default=20_000, ge=2_000, le=28_000, description="longest; cut at its best pause"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, values: Any) -> Any:
        return {**preset_values(values.get("preset")), **values} if type(values) is dict else values
