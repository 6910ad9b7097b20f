"""The settings of jobs: recordings that are handed in, and whose text is fetched later."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, field_validator

from streaming.errors import shown
from streaming.folders import users_own
from streaming.settings.section import Section

MARK: Final = "whsec_"
"""What a webhook's secret begins with; 16 to 64 bytes in base64 follow."""

_LENGTHS: Final = range(16, 65)
_HOST: Final = re.compile(r"(\*\.)?[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?|[0-9A-Fa-f:]+")


class JobSettings(Section):
    """Recordings handed in at `/v1/jobs`: where they lie, how many, and who is told."""

    enabled: bool = Field(default=True, description="take jobs at all")
    folder: Path | None = Field(
        default=None,
        description="where jobs and their recordings lie, one server's own; not set: "
        "`wirescribe/jobs` in the user's folder for state, made when the first job comes",
    )
    at_once: int = Field(default=1, ge=1, le=64, description="jobs that are decoded at a time")
    max_jobs: int = Field(
        default=4_096, ge=1, le=100_000, description="jobs that are kept, those that ended included"
    )
    max_per_key: int = Field(
        default=256, ge=1, description="of one key, or of one address where there is none"
    )
    max_bytes: int = Field(
        default=10_737_418_240, ge=1_024, description="disk for recordings and transcripts of jobs"
    )
    keep_s: int = Field(
        default=86_400, ge=1, description="how long a job that has ended can be fetched"
    )
    webhook_hosts: tuple[str, ...] = Field(
        default=(),
        description="where webhooks may go: names, `*.example.com`, or addresses, `:port` with "
        "them if need be; also inside the network, and without TLS; not set: over HTTPS to any "
        "public address, for who has a key",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="what webhooks are signed with where a job brings no secret of its own, "
        "`whsec_` and 16 to 64 bytes in base64; not set: each such job gets one",
    )
    webhook_attempts: int = Field(
        default=8, ge=1, le=20, description="how often a webhook is tried, for about an hour"
    )
    webhook_timeout_s: float = Field(
        default=10.0, gt=0, le=60, description="time for one attempt, from name to answer"
    )

    @field_validator("webhook_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.fullmatch(host):
                raise ValueError(f"{shown(host)} is not a host, like `hooks.example.com:8443`")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value():
            key_of(value.get_secret_value())
        return value


def key_of(secret: str) -> bytes:
    """Return the key within a webhook's secret; ValueError where it is none."""
    if not secret.startswith(MARK):
        raise ValueError(f"does not begin with {MARK}")
    try:
        key = base64.b64decode(secret[len(MARK) :], validate=True)
    except ValueError:
        raise ValueError(f"has something other than base64 behind {MARK}") from None
    if len(key) not in _LENGTHS:
        raise ValueError(f"has a key of {len(key)} bytes, not of {_LENGTHS[0]} to {_LENGTHS[-1]}")
    return key


def default_jobs_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where jobs lie unless a setting says: among what the user's programs remember."""
    try:
        base = users_own(
            environ, windows="LOCALAPPDATA", xdg="XDG_STATE_HOME", usual="~/.local/state"
        )
    except RuntimeError:  # this user has no home
        return None
    return base / "wirescribe" / "jobs"
