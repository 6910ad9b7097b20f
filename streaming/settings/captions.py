"""The settings of what sessions said, as it can be fetched as captions."""

from __future__ import annotations

from pydantic import Field

from streaming.settings.section import Section


class CaptionSettings(Section):
    """What sessions said, for `GET /v1/sessions/{id}/captions.vtt`; kept in memory only."""

    kept: bool = Field(
        default=True, description="keep what sessions say; false: nothing, and the route knows none"
    )
    keep_s: float = Field(
        default=600.0,
        ge=0,
        le=86_400,
        description="time behind a session's end; 0: captions only while it goes on",
    )
    max_session_bytes: int = Field(
        default=8_388_608,
        ge=4_096,
        description="memory of one session's text; of a longer one the oldest is forgotten",
    )
    max_bytes: int = Field(
        default=134_217_728,
        ge=4_096,
        description="memory of all of them; beyond it, those that ended first are forgotten",
    )
