"""Where settings come from, and what is said of those that can't be.

Precedence: command line, then environment (``WIRESCRIBE_`` with ``__`` between levels), then the
TOML file, then the defaults. Unknown keys are refused with the nearest known one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple, get_origin

from pydantic import BaseModel, ValidationError

from streaming.errors import BadConfiguration, shown
from streaming.settings import SECTIONS, Settings, is_secret

PREFIX: Final = "WIRESCRIBE_"


class Origin(NamedTuple):
    """A value as it was found, and where: what a complaint about it names."""

    value: object
    source: str


Origins = Mapping[tuple[str, str], Origin]


def load_settings(
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings once.

    ``overrides`` are the command line's, by section; ``config`` the TOML file, WIRESCRIBE_CONFIG
    when None. Raises :class:`~streaming.errors.BadConfiguration` naming the key, the value and
    where it stands.
    """
    return read_settings(overrides, config=config, environ=environ)[0]


def read_settings(
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[Settings, Origins]:
    """Read the settings, and where each that isn't a default comes from."""
    if config is None and environ.get(f"{PREFIX}CONFIG"):
        config = Path(environ[f"{PREFIX}CONFIG"])
    found: dict[tuple[str, str], Origin] = {}
    for section, key, origin in (
        *_from_file(config),
        *_from_environment(environ),
        *_from_command_line(overrides or {}),
    ):
        _check_known(section, key, origin.source)
        found[section, key] = origin
    tree: dict[str, BaseModel] = {}
    for name, section_type in SECTIONS.items():
        values = {key: origin.value for (section, key), origin in found.items() if section == name}
        try:
            tree[name] = section_type.model_validate(values)
        except ValidationError as error:
            raise _refusal(name, error, found) from None
    return Settings.model_validate(tree), found


_Found = Iterator[tuple[str, str, Origin]]


def _from_file(path: Path | None) -> _Found:
    if path is None:
        return
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"config: {str(path)!r} can't be read: {error.strerror}"
        raise BadConfiguration(reason, field="config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(
            f"config: {str(path)!r} is not TOML: {error}", field="config"
        ) from None
    for section, values in tree.items():
        if not isinstance(values, Mapping):
            hint = _nearest(section, "")
            raise BadConfiguration(
                f"{section}: {shown(values)} in {path.name} stands outside of a section{hint}",
                field=section,
            )
        if not values:
            _check_known(section, None, path.name)
        for key, value in values.items():
            yield section, key, Origin(value, path.name)


def _from_environment(environ: Mapping[str, str]) -> _Found:
    for name, value in environ.items():
        section, separator, key = name.removeprefix(PREFIX).lower().partition("__")
        # Without the double underscore it is nobody's: Kubernetes writes WIRESCRIBE_PORT and the
        # like for a service of that name. Empty counts as not set, as compose files have it.
        if not name.startswith(PREFIX) or not separator or not value:
            continue
        parsed: object = value
        if _is_list(section, key):
            parsed = [part.strip() for part in value.split(",") if part.strip()]
        yield section, key, Origin(parsed, name)


def _is_list(section: str, key: str) -> bool:
    fields = SECTIONS[section].model_fields if section in SECTIONS else {}
    return key in fields and get_origin(fields[key].annotation) is tuple


def _from_command_line(overrides: Mapping[str, Mapping[str, object]]) -> _Found:
    for section, values in overrides.items():
        for key, value in values.items():
            yield section, key, Origin(value, "command line")


def _refusal(
    section: str, error: ValidationError, found: Mapping[tuple[str, str], Origin]
) -> BadConfiguration:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    field = f"{section}.{key}" if key else section
    reason = str(first["msg"]).removeprefix("Value error, ")
    origin = found.get((section, key))
    if origin is not None and is_secret(section, key):
        reason = f"the value ({origin.source}): {reason[:1].lower()}{reason[1:]}"
    elif origin is not None:  # else the section; it names the keys
        reason = f"{shown(origin.value)} ({origin.source}): {reason[:1].lower()}{reason[1:]}"
    return BadConfiguration(f"{field}: {reason}", field=field)


def _check_known(section: str, key: str | None, source: str) -> None:
    if section not in SECTIONS:
        raise BadConfiguration(
            f"{shown(section)} ({source}) is not a known section{_nearest(section, key or '')}",
            field=section,
        )
    if key is not None and key not in SECTIONS[section].model_fields:
        raise BadConfiguration(
            f"{section}.{key} ({source}): {shown(key)} is not a known {section} setting"
            f"{_nearest(section, key)}",
            field=f"{section}.{key}",
        )


def _nearest(section: str, key: str) -> str:
    """Say which known name was probably meant, or which names there are."""
    if section in SECTIONS:
        near = get_close_matches(key, list(SECTIONS[section].model_fields), n=1, cutoff=0.6)
        if near:
            return f"; did you mean {near[0]!r}?"
    elif near := get_close_matches(section, list(SECTIONS), n=1, cutoff=0.6):
        return f"; did you mean {near[0]!r}?"
    # The right name in the wrong place, or in none.
    known = {name: f"{s}.{name}" for s, fields in SECTIONS.items() for name in fields.model_fields}
    if near := get_close_matches(key or section, list(known), n=1, cutoff=0.6):
        return f"; did you mean {known[near[0]]!r}?"
    names = SECTIONS[section].model_fields if section in SECTIONS else SECTIONS
    return f"; known are {', '.join(names)}"
