"""All settings: one frozen tree, read once at the edge by :mod:`streaming.sources`.

Units are in the names. Each module gets its own section, never the whole tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from streaming.auth.proxies import TrustedProxies
from streaming.auth.settings import AuthSettings
from streaming.caps import AdmissionSettings, QuotaSettings
from streaming.confidence import Calibration
from streaming.endpointing import Preset, preset_values
from streaming.vad import VadMode


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(_Section):
    """Where and how to listen."""

    host: str = Field(
        default="127.0.0.1",
        description="address to listen on; `0.0.0.0` or `::` opens the server to the network",
    )
    port: int = Field(default=8000, ge=0, le=65_535, description="port to listen on; 0: any free")
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
    def _key_and_certificate(self) -> Self:
        if self.tls_keyfile is not None and self.tls_certfile is None:
            raise ValueError("tls_keyfile is set, but not tls_certfile")
        return self


class EngineSettings(_Section):
    """Which model runs, and where. ``auto`` is decided at start-up and logged."""

    model: str = Field(
        default="auto",
        description="a name of `wirescribe models list`, or a folder; auto: large-v3 on a GPU, "
        "base on a CPU",
    )
    partial_model: str = Field(
        default="",
        description="a second, smaller model that decodes partials, on the same device; finals "
        "are the model's; empty: none",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="what computes; auto: a GPU if there is one"
    )
    device_index: tuple[int, ...] = Field(
        default=(), description="which CUDA devices, one copy of the model on each; empty: all"
    )
    compute_type: str = Field(
        default="auto",
        description="precision: float16, int8_float16, int8, float32, …; auto: the best that the "
        "device computes natively",
    )
    workers: int = Field(
        default=0, ge=0, le=64, description="decoding threads a device; 0: one a core, one a GPU"
    )
    max_batch: int = Field(
        default=0,
        ge=0,
        le=64,
        description="stretches of speech decoded together; 0: 4 on a CPU, 16 on a GPU",
    )
    models_dir: Path | None = Field(
        default=None,
        description="where models are kept; not set: WIRESCRIBE_MODELS_DIR, else the user's cache",
    )
    offline: bool = Field(default=False, description="never fetch a model; it must be there")
    calibration: tuple[float, ...] = Field(
        default=(),
        description="three weights that make the model's probabilities confidences, as "
        "`python -m load calibrate` prints them; empty: those of base",
    )

    word_lead_ms: int | None = Field(
        default=None,
        ge=-500,
        le=500,
        description="by how much the model's word alignment runs ahead of the sound, which is "
        "taken back; not set: as measured for the model, or for base",
    )

    stuck_s: float = Field(
        default=30.0,
        gt=0,
        le=3_600,
        description="time after which a call of the model is given up and the model loaded anew; "
        "longer where it is known to be slow",
    )
    max_restarts: int = Field(
        default=3,
        ge=0,
        le=100,
        description="times in ten minutes that a stuck or broken model is loaded anew before the "
        "server ends with status 70",
    )

    @field_validator("calibration")
    @classmethod
    def _ordering(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) not in (0, 3):
            raise ValueError(f"{len(value)} weights, not three")
        if value:
            Calibration(*value)
        return value

    @field_validator("models_dir")
    @classmethod
    def _at_home(cls, value: Path | None) -> Path | None:
        try:
            return value and value.expanduser()
        except RuntimeError as error:
            raise ValueError(str(error)) from None


class VadSettings(_Section):
    """What counts as speech."""

    mode: VadMode = Field(
        default=VadMode.BOTH,
        description="webrtc: fast, takes music for speech; silero: a network; both: the network "
        "is asked where the fast one hears something",
    )
    aggressiveness: int = Field(
        default=2, ge=0, le=3, description="of webrtc; 0 hears speech everywhere, 3 misses some"
    )
    threshold: float = Field(
        default=0.5, gt=0, lt=1, description="Silero's probability from which speech begins"
    )
    release: float = Field(
        default=0.3, gt=0, lt=1, description="Silero's probability below which speech ends"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.release > self.threshold:
            raise ValueError(f"release {self.release} is above threshold {self.threshold}")
        return self


class PartialSettings(_Section):
    """How often partials come, and over how much audio they are decoded."""

    step_ms: int = Field(default=400, ge=100, le=5_000, description="new speech before the next")
    first_ms: int = Field(
        default=600, ge=200, le=5_000, description="speech before a segment's first"
    )
    pause_ms: int = Field(
        default=160, ge=20, le=5_000, description="a pause as long as this brings one at once"
    )
    trim_ms: int = Field(
        default=4_000, ge=2_000, le=20_000, description="longest stretch decoded for one"
    )
    keep_ms: int = Field(
        default=1_200, ge=500, le=10_000, description="what is left of it when it is shortened"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.keep_ms >= self.trim_ms:
            raise ValueError(f"keep_ms {self.keep_ms} is not below trim_ms {self.trim_ms}")
        return self


class EndpointingSettings(_Section):
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


class LimitSettings(_Section):
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


class Settings(_Section):
    """The whole tree."""

    server: ServerSettings = ServerSettings()
    engine: EngineSettings = EngineSettings()
    vad: VadSettings = VadSettings()
    partials: PartialSettings = PartialSettings()
    endpointing: EndpointingSettings = EndpointingSettings()
    limits: LimitSettings = LimitSettings()
    admission: AdmissionSettings = AdmissionSettings()
    quotas: QuotaSettings = QuotaSettings()
    auth: AuthSettings = AuthSettings()


SECTIONS: Final[Mapping[str, type[BaseModel]]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type)
}


def is_secret(section: str, key: str) -> bool:
    """Whether a setting's value is never to be shown."""
    annotation = SECTIONS[section].model_fields[key].annotation
    return SecretStr in (annotation, *get_args(annotation))
