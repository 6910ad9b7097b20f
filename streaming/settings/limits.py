"""The settings of what one connection may take."""

from __future__ import annotations

from pydantic import Field

from streaming.settings.section import Section


class LimitSettings(Section):
    """Caps. Each refusal has an error and a close code of its own; see ``docs/protocol.md``."""

    max_sessions: int = Field(
        default=256,
        ge=1,
        description="sessions at a time, in whatever they are; how many may speak is measured, see "
        "`admission`",
    )
    max_message_bytes: int = Field(
        default=1_048_576, ge=1_024, le=16_777_216, description="one WebSocket message"
    )
    max_session_ms: int = Field(default=4 * 3_600_000, ge=1_000, description="audio of a session")
    max_idle_ms: int = Field(
        default=60_000, ge=1_000, description="time without audio or a keepalive"
    )
    max_backlog_ms: int = Field(
        default=150_000, ge=1_000, description="audio of a session that waits to be decoded"
    )
    max_rate: float = Field(
        default=2.0, ge=1.0, description="audio seconds a second, sustained; 1 is real time"
    )
    burst_ms: int = Field(
        default=140_000, ge=1_000, description="audio that may come at once, beyond that rate"
    )
    max_bytes_per_s: int = Field(
        default=8_388_608, ge=65_536, description="bytes of a connection, sustained"
    )
    burst_bytes: int = Field(
        default=67_108_864, ge=1_048_576, description="bytes that may come at once, beyond that"
    )
    max_channels: int = Field(default=8, ge=1, le=8, description="channels of a session")
    max_decoders: int = Field(
        default=64,
        ge=0,
        description="sessions at a time whose audio is compressed, or in a container: each has a "
        "process of its own, of about 25 MB; 0: none",
    )
    start_timeout_ms: int = Field(default=10_000, ge=100, description="time for the first message")
    outbox_messages: int = Field(
        default=512, ge=16, description="messages that a client may leave unread"
    )
    resume_ms: int = Field(
        default=30_000,
        ge=0,
        le=3_600_000,
        description="time to come back for a client that lost its connection; 0: none",
    )
    resume_messages: int = Field(
        default=1_024, ge=16, description="messages of a session that can be sent again"
    )
    max_parked: int = Field(
        default=64, ge=0, description="sessions that wait for their clients to come back"
    )
    max_parked_bytes: int = Field(
        default=268_435_456, ge=0, description="memory that these may hold together"
    )
