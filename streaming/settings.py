"""All settings: one frozen tree, read once at the edge.

Precedence: command line, then environment (``WIRESCRIBE_`` with ``__`` between levels), then the
TOML file, then the defaults here. Units are in the names. Unknown keys are refused with the
nearest known one. Each module gets its own section, never the whole tree.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streaming.errors import BadConfiguration, shown
from streaming.vad import VadMode

_PREFIX = "WIRESCRIBE_"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(_Section):
    """Where and how to listen."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    drain_s: float = Field(
        default=20.0, ge=0, le=3_600, description="time for live sessions to finish on SIGTERM"
    )
    ping_interval_s: float = Field(default=20.0, gt=0)
    ping_timeout_s: float = Field(default=20.0, gt=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool | None = Field(default=None, description="JSON lines; None: not on a terminal")


class EngineSettings(_Section):
    """Which model runs, and where. ``auto`` is decided at start-up and logged."""

    model: str = Field(
        default="auto", description="a name of `wirescribe models list`, or a folder"
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    device_index: tuple[int, ...] = Field(default=(), description="CUDA devices; empty: all")
    compute_type: str = "auto"
    workers: int = Field(
        default=0, ge=0, le=64, description="decoding threads per device; 0: one a core, one a GPU"
    )
    max_batch: int = Field(
        default=0, ge=0, le=64, description="rows a batch; 0: 4 on CPU, 16 on GPU"
    )
    models_dir: Path | None = Field(default=None, description="model cache; None: the platform's")
    offline: bool = Field(default=False, description="never ask the model hub")


class VadSettings(_Section):
    """What counts as speech."""

    mode: VadMode = VadMode.BOTH
    aggressiveness: int = Field(default=2, ge=0, le=3)
    threshold: float = Field(default=0.5, gt=0, lt=1)
    release: float = Field(default=0.3, gt=0, lt=1)


class PartialSettings(_Section):
    """How often partials come, and over how much audio they are decoded."""

    step_ms: int = Field(default=400, ge=100, le=5_000)
    first_ms: int = Field(default=600, ge=200, le=5_000)
    trim_ms: int = Field(default=6_000, ge=2_000, le=20_000)
    keep_ms: int = Field(default=2_000, ge=500, le=10_000)


class EndpointingSettings(_Section):
    """Defaults of what a client may set in ``endpointing``."""

    silence_ms: int = Field(default=700, ge=100, le=5_000)
    max_segment_ms: int = Field(default=20_000, ge=2_000, le=28_000)


class LimitSettings(_Section):
    """Caps. Each has a close code of its own; see ``docs/protocol.md``."""

    max_sessions: int = Field(default=64, ge=1)
    max_message_bytes: int = Field(default=1_048_576, ge=1_024, le=16_777_216)
    max_session_ms: int = Field(default=4 * 3_600_000, ge=1_000)
    max_idle_ms: int = Field(default=60_000, ge=1_000)
    max_backlog_ms: int = Field(default=120_000, ge=1_000)
    max_rate: float = Field(default=2.0, ge=1.0, description="audio seconds a second, sustained")
    burst_ms: int = Field(default=90_000, ge=1_000, description="audio that may come at once")
    max_channels: int = Field(default=8, ge=1, le=8)
    start_timeout_ms: int = Field(default=10_000, ge=100, description="for the first message")
    outbox_messages: int = Field(
        default=512, ge=16, description="unsent messages a client may have"
    )
    resume_ms: int = Field(default=30_000, ge=0)


class Settings(_Section):
    """The whole tree."""

    server: ServerSettings = ServerSettings()
    engine: EngineSettings = EngineSettings()
    vad: VadSettings = VadSettings()
    partials: PartialSettings = PartialSettings()
    endpointing: EndpointingSettings = EndpointingSettings()
    limits: LimitSettings = LimitSettings()


# Read by others: the model cache, the tests' paths. Not settings of the tree.
_OTHER_VARIABLES = frozenset({"WIRESCRIBE_MODELS_DIR", "WIRESCRIBE_CONFIG"})
_SECTIONS: Mapping[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type)
}


def load_settings(
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings once.

    ``overrides`` are the command line's, by section; ``config`` the TOML file, WIRESCRIBE_CONFIG
    when None. Raises :class:`~streaming.errors.BadConfiguration` naming the key and the value.
    """
    if config is None and environ.get("WIRESCRIBE_CONFIG"):
        config = Path(environ["WIRESCRIBE_CONFIG"])
    tree: dict[str, dict[str, object]] = {name: {} for name in _SECTIONS}
    for source in (_from_file(config), _from_environment(environ), overrides or {}):
        for section, values in source.items():
            _known(section, _SECTIONS, "section")
            if not isinstance(values, Mapping):
                raise BadConfiguration(f"{section}: {shown(values)} is not a table", field=section)
            for key, value in values.items():
                _known(key, _SECTIONS[section].model_fields, f"{section} setting")
                tree[section][key] = value
    try:
        return Settings.model_validate(
            {name: _SECTIONS[name].model_validate(values) for name, values in tree.items()}
        )
    except ValidationError as error:
        first = error.errors()[0]
        section = next(n for n, s in _SECTIONS.items() if s.__name__ == error.title)
        name = ".".join([section, *(str(part) for part in first["loc"])])
        raise BadConfiguration(
            f"{name}: {shown(first['input'])}: {first['msg']}", field=name
        ) from None


def describe(settings: Settings) -> str:
    """Return the tree as TOML-like lines for ``--print-config``."""
    return "\n".join(_lines(settings.model_dump(mode="json")))


def _lines(tree: Mapping[str, Any]) -> Iterator[str]:
    for section, values in tree.items():
        yield f"[{section}]"
        for key, value in values.items():
            if value is None:
                yield f"# {key} is not set"
            elif isinstance(value, str):
                yield f'{key} = "{value}"'
            else:
                yield f"{key} = {str(value).lower() if isinstance(value, bool) else value}"
        yield ""


def _from_file(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfiguration(f"config: {str(path)!r} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"config: {str(path)!r} is not TOML: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> Mapping[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for name, value in environ.items():
        if not name.startswith(_PREFIX) or name in _OTHER_VARIABLES:
            continue
        section, separator, key = name.removeprefix(_PREFIX).lower().partition("__")
        # Without the double underscore it is nobody's: Kubernetes writes WIRESCRIBE_PORT and the
        # like for a service of that name.
        if separator:
            found.setdefault(section, {})[key] = _list_or_text(section, key, value)
    return found


def _list_or_text(section: str, key: str, value: str) -> object:
    if (section, key) == ("engine", "device_index"):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _known(name: str, known: Mapping[str, object], what: str) -> None:
    if name not in known:
        near = get_close_matches(name, list(known), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
        raise BadConfiguration(f"{shown(name)} is not a known {what}{hint}", field=name)
