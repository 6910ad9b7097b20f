"""The settings of quotas, as they are counted by."""

from __future__ import annotations

from streaming.quotas import Caps, QuotaLimits
from streaming.settings.quotas import QuotaSettings


def test_quotas_are_counted_as_they_were_set() -> None:
    settings = QuotaSettings(
        sessions_per_key=1,
        sessions_per_address=2,
        audio_s_per_hour_per_key=3,
        audio_s_per_hour_per_address=4,
        handshakes_per_s=5,
        handshake_burst=6,
        max_addresses=70,
    )
    assert settings.limits == QuotaLimits(Caps(1, 3), Caps(2, 4), 5.0, 6, 70)
