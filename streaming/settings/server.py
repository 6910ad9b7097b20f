"""The settings of the server's address and its connections."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from streaming.auth.proxies import TrustedProxies
from streaming.settings.section import Section


class ServerSettings(Section):
    """Where and how to listen."""

    host: str = Field(
        default="127.0.0.1",
        description="address to listen on; `0.0.0.0` or `::` opens the server to the network",
    )
    port: int = Field(default=8000, ge=0, le=65_535, description="port to listen on; 0: any free")
    vosk_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="a port of its own for clients of vosk-server, which listens on 2700; 0: none",
    )
    drain_s: float = Field(
        default=20.0, ge=0, le=3_600, description="time for live sessions to finish on SIGTERM"
    )
    ping_interval_s: float = Field(default=20.0, gt=0, description="between WebSocket pings")
    ping_timeout_s: float = Field(
        default=20.0, gt=0, description="after which an unanswered ping closes the connection"
    )
    tls_certfile: Path | None = Field(
        default=None,
        description="certificate chain, PEM: the server speaks TLS; not set: it doesn't",
    )
    tls_keyfile: Path | None = Field(
        default=None, description="private key, PEM; not set: it stands in the certificate's file"
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="addresses and networks of reverse proxies whose word on clients is taken",
    )
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = Field(
        default="x-forwarded-for", description="where those proxies write it; the other is ignored"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="what is logged, to standard error"
    )
    log_json: bool | None = Field(
        default=None, description="log JSON lines; not set: unless standard error is a terminal"
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        TrustedProxies(value)
        return value

    @model_validator(mode="after")
    def _two_ports(self) -> Self:
        if self.vosk_port and self.vosk_port == self.port:
            raise ValueError(f"vosk_port {self.vosk_port} is port, too")
        return self

    @model_validator(mode="after")
    def _key_and_certificate(self) -> Self:
        if self.tls_keyfile is not None and self.tls_certfile is None:
            raise ValueError("tls_keyfile is set, but not tls_certfile")
        return self
