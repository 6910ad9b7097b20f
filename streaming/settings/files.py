"""The settings of recordings that are sent whole."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from streaming.settings.section import Section


class FileSettings(Section):
    """Recordings over HTTP: how large, how many, and what is kept of their transcripts."""

    max_upload_bytes: int = Field(
        default=536_870_912, ge=1_024, description="one upload, all of its fields"
    )
    max_audio_s: int = Field(default=14_400, ge=1, description="sound of one recording")
    at_once: int = Field(
        default=4, ge=1, le=256, description="recordings that are decoded at a time"
    )
    max_waiting: int = Field(
        default=32,
        ge=0,
        le=10_000,
        description="uploads beside those, being received or waiting for their turn",
    )
    upload_idle_s: float = Field(
        default=30.0, gt=0, description="time without a byte, after which an upload is given up"
    )
    decoder_idle_s: float = Field(
        default=60.0,
        gt=0,
        description="time without any sound from a file's decoder, after which the file is given "
        "up",
    )
    spool_dir: Path | None = Field(
        default=None,
        description="where uploads lie until they are decoded; not set: the system's folder for "
        "temporary files",
    )
    cache_bytes: int = Field(
        default=67_108_864,
        ge=0,
        description="memory for transcripts, so that a recording sent again isn't decoded again; "
        "0: none is kept",
    )
    cache_ttl_s: int = Field(default=86_400, ge=1, description="how long a transcript is kept")
    redis_url: SecretStr | None = Field(
        default=None,
        description="keep transcripts there instead, for all servers together: "
        "`redis://host:6379/0`; needs the extra `redis`",
    )

    @field_validator("redis_url")
    @classmethod
    def _address(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and not text.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("does not begin with redis://, rediss:// or unix://")
        return value
