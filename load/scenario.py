"""A scenario: everything that is played at a server, and what it is to hold, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from load.option import Option, ScenarioError, did_you_mean, options_of
from load.sections import SECTIONS, Layout, Pace, SlowReaders, Sources, Storm, Wishes
from load.target import Target, parse_targets

FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played, at what pace, beside what trouble, and the targets it is held to."""

    name: str = ""
    description: str = ""
    sources: Sources = field(default_factory=Sources)
    layout: Layout = field(default_factory=Layout)
    session: Wishes = field(default_factory=Wishes)
    pace: Pace = field(default_factory=Pace)
    storm: Storm = field(default_factory=Storm)
    slow_readers: SlowReaders = field(default_factory=SlowReaders)
    targets: tuple[Target, ...] = ()

    def __post_init__(self) -> None:
        if self.slow_readers.streams > self.layout.streams:
            raise ScenarioError(
                f"slow_readers.streams: {self.slow_readers.streams} of {self.layout.streams} "
                "sessions (layout.streams)"
            )
        if self.layout.mode == "turns" and self.layout.channels < 2:
            raise ScenarioError(f"layout.channels: {self.layout.channels} for mode 'turns'")
        if self.layout.mode == "push_to_talk" and self.layout.channels > 1:
            raise ScenarioError(f"layout.channels: {self.layout.channels} for mode 'push_to_talk'")

    def changed(self, changes: Mapping[tuple[str, str], Any]) -> Scenario:
        """The same with other values, by (section, key)."""
        tables: dict[str, dict[str, Any]] = {}
        for (section, key), value in changes.items():
            tables.setdefault(section, {})[key] = _option(section, key).check(value)
        sections = {
            section: replace(getattr(self, section), **values) for section, values in tables.items()
        }
        return replace(self, **sections)


def all_options() -> list[Option]:
    """Every option of every section."""
    return [option for name, kind in SECTIONS.items() for option in options_of(name, kind)]


def packaged() -> list[str]:
    """Names of the scenarios that come with the harness."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_scenario(name: str) -> Scenario:
    """A packaged scenario by its name, or any file that ends in ``.toml``."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not name.endswith(".toml") and name not in packaged():
        near = did_you_mean(name, packaged())
        raise ScenarioError(
            f"scenario {name!r}: not a file ending in .toml, nor one of "
            f"{', '.join(packaged())}{near}"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"scenario {path}: {error.strerror}") from None
    try:
        scenario = parse_scenario(tomllib.loads(text), path.stem)
    except (tomllib.TOMLDecodeError, ScenarioError) as error:
        raise ScenarioError(f"scenario {path.name}: {error}") from None
    if scenario.sources.manifest is not None and path.parent != FOLDER:
        # As written, it is relative to the file that it stands in.
        manifest = str(path.parent / scenario.sources.manifest)
        return replace(scenario, sources=replace(scenario.sources, manifest=manifest))
    return scenario


def parse_scenario(tree: Mapping[str, Any], name: str) -> Scenario:
    """A scenario from the tables of its file; unknown keys are refused by name."""
    known = ["description", *SECTIONS, "targets"]
    changes: dict[tuple[str, str], Any] = {}
    for section, table in tree.items():
        if section not in known:
            raise ScenarioError(f"{section}: no such key{did_you_mean(section, known)}")
        if section == "description":
            if not isinstance(table, str):
                raise ScenarioError(f"description: {table!r} is not a string")
            continue
        if not isinstance(table, Mapping):
            raise ScenarioError(f"{section}: {table!r} is not a table")
        if section != "targets":
            changes |= {(section, key): value for key, value in table.items()}
    base = Scenario(
        name=name,
        description=tree.get("description", ""),
        targets=parse_targets(tree.get("targets", {})),
    )
    return base.changed(changes)


def _option(section: str, key: str) -> Option:
    options = {option.key: option for option in options_of(section, SECTIONS[section])}
    if key not in options:
        raise ScenarioError(f"{section}.{key}: no such key{did_you_mean(key, list(options))}")
    return options[key]
