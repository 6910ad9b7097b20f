"""Flags for what a scenario holds: each value of it can be said on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from load.option import Option, options_of
from load.scenario import Scenario, find_scenario, packaged
from load.sections import SECTIONS
from load.target import Target, parse_target

_TITLES = {
    "sources": "recordings",
    "layout": "layout",
    "session": "session",
    "pace": "pace",
    "storm": "storm of handshakes",
    "slow_readers": "slow readers",
}


def add_sections(parser: argparse.ArgumentParser, *sections: str) -> None:
    """Flags for the options of these sections. One that isn't given leaves no trace."""
    for section in sections:
        group = parser.add_argument_group(_TITLES[section])
        for option in options_of(section, SECTIONS[section]):
            _add(group, option)


def add_scenario(parser: argparse.ArgumentParser) -> None:
    """``--scenario``, ``--target`` and every section's flags."""
    parser.add_argument(
        "--scenario",
        metavar="NAME|FILE.toml",
        help=f"what to start from; further flags change it. Known: {', '.join(packaged())}",
    )
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="FIGURE=NUMBER",
        help="the most a figure may be, such as first_shown_p95_s=2.5 (repeatable)",
    )
    parser.add_argument("--no-targets", action="store_true", help="without those of the scenario")
    add_sections(parser, *SECTIONS)


def scenario_of(arguments: argparse.Namespace) -> Scenario:
    """The scenario that was named, or the defaults, with every change from the command line."""
    name = getattr(arguments, "scenario", None)
    scenario = Scenario() if name is None else find_scenario(name)
    given: dict[tuple[str, str], Any] = {}
    for key, value in vars(arguments).items():
        section, dot, option = key.partition(".")
        if dot and section in SECTIONS:
            given[section, option] = value
    targets = {one.figure: one for one in scenario.targets}
    if getattr(arguments, "no_targets", False):
        targets.clear()
    targets |= {one.figure: one for one in map(parse_target, getattr(arguments, "target", ()))}
    return replace(scenario.changed(given), targets=tuple(targets.values()))


def with_targets(scenario: Scenario, *more: Target) -> Scenario:
    """The scenario with further targets, where it has none of that figure."""
    known = {one.figure for one in scenario.targets}
    added = tuple(one for one in more if one.figure not in known)
    return replace(scenario, targets=(*scenario.targets, *added))


def add_output(parser: argparse.ArgumentParser) -> None:
    """Where the report goes."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", type=Path, metavar="FILE", help="write the whole report there")
    group.add_argument("--html", type=Path, metavar="FILE", help="write it as a page with plots")
    group.add_argument("--label", default="", help="name of this report")


def add_server(parser: argparse.ArgumentParser) -> None:
    """Which server."""
    group = parser.add_argument_group("server")
    group.add_argument(
        "--url",
        default="ws://127.0.0.1:8000/v1/stream",
        help="loopback only (default: %(default)s)",
    )
    group.add_argument("--server-pid", type=int, help="found by the port without")


def _add(group: Any, option: Option) -> None:
    common: dict[str, Any] = {
        "dest": option.name,
        "default": argparse.SUPPRESS,
        "help": option.help + _default(option),
    }
    if option.kind is bool:
        group.add_argument(option.flag, action=argparse.BooleanOptionalAction, **common)
    elif option.kind is tuple:
        group.add_argument(option.flag, action="append", metavar="NAME", **common)
    else:
        shown = option.metavar or (None if option.choices else option.key.upper())
        choices = f"{{{','.join(option.choices)}}}" if option.choices else shown
        group.add_argument(option.flag, type=_reader(option), metavar=choices, **common)


def _reader(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        return None if option.optional and text == "none" else option.kind(text)

    read.__name__ = option.kind.__name__  # as argparse says it: "invalid int value"
    return read


def _default(option: Option) -> str:
    if option.kind is bool:
        return f" (default: {'yes' if option.default else 'no'})"
    if option.default in (None, ()):
        return ""
    return f" (default: {option.default})"
