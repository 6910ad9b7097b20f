"""The settings of admission and of quotas."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from streaming.quotas import Caps, QuotaLimits


class AdmissionSettings(BaseModel):
    """When a new session gets a place at once, when it waits, and when it is turned away. Beside
    this stands `limits.max_sessions`, the hard cap.
    """  # noqa: D205

    model_config = ConfigDict(frozen=True, extra="forbid")

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


class QuotaSettings(BaseModel):
    """What each API key and each address may use; 0 is no cap. Addresses behind a proxy are those
    it names, if `server.trusted_proxies` has it; of IPv6 a /64 is one.
    """  # noqa: D205

    model_config = ConfigDict(frozen=True, extra="forbid")

    sessions_per_key: int = Field(default=0, ge=0, description="sessions at a time")
    sessions_per_address: int = Field(default=0, ge=0, description="sessions at a time")
    audio_s_per_hour_per_key: int = Field(default=0, ge=0, description="audio, of all its sessions")
    audio_s_per_hour_per_address: int = Field(
        default=0, ge=0, description="audio, of all its sessions"
    )
    handshakes_per_s: float = Field(
        default=50.0, ge=0, description="connections that an address may open, sustained"
    )
    handshake_burst: int = Field(
        default=500, ge=1, description="connections that it may open at once, beyond that"
    )
    max_addresses: int = Field(
        default=4_096,
        ge=16,
        le=1_000_000,
        description="addresses, and keys, that are remembered; those away longest are forgotten",
    )

    @property
    def limits(self) -> QuotaLimits:
        """The same, as they are counted by."""
        return QuotaLimits(
            key=Caps(self.sessions_per_key, self.audio_s_per_hour_per_key),
            address=Caps(self.sessions_per_address, self.audio_s_per_hour_per_address),
            handshakes_per_s=self.handshakes_per_s,
            handshake_burst=self.handshake_burst,
            addresses=self.max_addresses,
        )
