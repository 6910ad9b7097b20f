"""The settings of admission."""

from __future__ import annotations

from pydantic import Field

from streaming.settings.section import Section


class AdmissionSettings(Section):
    """When a new session gets a place at once, when it waits, and when it is turned away. Beside
    this stands `limits.max_sessions`, the hard cap.
    """  # noqa: D205

    finals_share: float = Field(
        default=0.65,
        gt=0,
        description="share of the decoding workers' time that finals may be expected to need; "
        "partials have what is left. Above 1: not looked at",
    )
    late_ms: int = Field(
        default=1_000,
        ge=10,
        description="mean time that finals wait for their turn, from which on nobody is let in",
    )
    max_waiting: int = Field(
        default=256, ge=0, le=100_000, description="clients that may wait for a place; 0: none"
    )
    max_wait_s: float = Field(
        default=30.0, gt=0, le=3_600, description="after which one who waits is turned away"
    )
