"""The settings of quotas."""

from __future__ import annotations

from pydantic import Field

from streaming.quotas import Caps, QuotaLimits
from streaming.settings.section import Section


class QuotaSettings(Section):
    """What each API key and each address may use; 0 is no cap. Addresses behind a proxy are those
    it names, if `server.trusted_proxies` has it; of IPv6 a /64 is one.
    """  # noqa: D205

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
