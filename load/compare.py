"""``python -m load compare``: other servers and ours on the same speech, model and machine."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from load.clock import Clock, MonotonicClock
from load.files import write
from load.manifest import Recording
from load.peers.bout import Bout, Pace, fight
from load.peers.contender import Contender, contenders
from load.peers.environment import EnvironmentFailed, default_cache
from load.peers.figures import pool
from load.peers.page import compare_page
from load.peers.table import compare_markdown, compare_table
from load.programme import Programme, continuous
from load.recorded import RecordedCommands
from load.report import machine
from load.wire import WireFormat

COMPARE_SCHEMA = "wirescribe.load.compare/1"
_REST_S = 2.0
"""Between two bouts, for the machine to come to rest."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to compare: every contender at every number of streams, so many rounds."""

    contenders: tuple[Contender, ...]
    programmes: dict[int, tuple[Programme, ...]] = field(repr=False)
    model_dir: Path
    cache: Path
    rounds: int = 1
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Cell:
    """One contender at one number of streams, over all rounds."""

    contender: Contender
    streams: int
    bouts: list[Bout] = field(default_factory=list)


def execute(comparison: Comparison, clock: Clock, say: Callable[[str], None]) -> list[Cell]:
    """All bouts, one at a time, interleaved; whatever goes wrong in one is its result."""
    pythons: dict[str, Path] = {}
    broken: dict[str, str] = {}
    for contender in comparison.contenders:
        environment = contender.environment(comparison.cache)
        say(f"{contender.label}: environment")
        try:
            made = Path(sys.executable) if environment is None else environment.make()
            pythons[contender.name] = made
        except (EnvironmentFailed, OSError) as error:
            broken[contender.name] = str(error)
    cells = {
        (contender.name, streams): Cell(contender, streams)
        for streams in comparison.programmes
        for contender in comparison.contenders
    }
    for number, streams, contender in order(comparison):
        cell = cells[contender.name, streams]
        if contender.name in broken:
            cell.bouts.append(Bout(failure=broken[contender.name]))
            continue
        say(f"round {number + 1}: {contender.label}, {streams} streams")
        cell.bouts.append(
            fight(
                contender,
                comparison.programmes[streams],
                python=pythons[contender.name],
                model_dir=comparison.model_dir,
                pace=comparison.pace,
                clock=clock,
            )
        )
        _rest(clock)
    return list(cells.values())


def order(comparison: Comparison) -> Iterator[tuple[int, int, Contender]]:
    """Round, streams, contender: another one begins in each round."""
    everyone = comparison.contenders
    for number in range(comparison.rounds):
        for streams in comparison.programmes:
            for index in range(len(everyone)):
                yield number, streams, everyone[(index + number) % len(everyone)]


def _rest(clock: Clock) -> None:
    asyncio.run(clock.sleep_until(clock.now() + _REST_S))


def compare_report(
    comparison: Comparison, cells: Sequence[Cell], *, command: Sequence[str], label: str
) -> dict[str, Any]:
    """Everything about a comparison."""
    return {
        "schema": COMPARE_SCHEMA,
        "label": label,
        "command": list(command),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine(), "load_average": [round(load, 2) for load in os.getloadavg()]},
        "model": comparison.model_dir.name,
        "rounds": comparison.rounds,
        "pace": asdict(comparison.pace),
        "contenders": [
            {
                "name": one.name,
                "label": one.label,
                "versions": one.versions(),
                "settings": one.settings,
                "extra": list(one.extra),
                "tells_final": one.tells_final,
            }
            for one in comparison.contenders
        ],
        "cells": [_cell_report(cell) for cell in cells],
    }


def _cell_report(cell: Cell) -> dict[str, Any]:
    sessions = [session for bout in cell.bouts for session in bout.sessions]
    costs = [bout.cost for bout in cell.bouts if bout.cost is not None]
    return {
        "contender": cell.contender.name,
        "streams": cell.streams,
        "failures": [bout.failure for bout in cell.bouts if bout.failure],
        "started_s": [bout.started_s for bout in cell.bouts],
        "warm_up_failures": [bout.warm_up for bout in cell.bouts if bout.warm_up],
        "figures": asdict(pool(sessions, costs)) if sessions else None,
        "sessions": [
            {
                "name": session.score.name,
                "files": session.score.files,
                "text": text,
                "errors": asdict(session.score.errors),
                "lost_words": session.lost_words,
                "failure": session.failure,
                "words": [asdict(word) for word in session.score.words],
            }
            for bout in cell.bouts
            for session, text in zip(bout.sessions, bout.texts, strict=True)
        ],
    }


def add_command(recorded: RecordedCommands) -> None:
    """Adds ``compare`` to the command line."""
    parser = recorded.add(
        "compare",
        _compare,
        help="other servers beside ours on the same speech, see docs/comparison.md",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    names = [name for name in contenders() if name != "wirescribe"]
    parser.add_argument("--model-dir", type=Path, required=True, help="CTranslate2 Whisper model")
    parser.add_argument("--against", nargs="*", choices=names, default=names)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=50.0, help="length of each stream")
    parser.add_argument("--rounds", type=int, default=1, help="all of it so many times")
    parser.add_argument("--gap", type=float, default=0.3, help="silence between recordings, s")
    parser.add_argument("--level", type=float, metavar="DBFS", help="of every recording")
    parser.add_argument("--seed", type=int, default=1, help="order, phases")
    parser.add_argument("--chunk-ms", type=float, default=100.0)
    parser.add_argument("--phase", type=float, default=1.0, help="streams begin within so many s")
    parser.add_argument("--drain", type=float, default=120.0, help="longest wait after the end, s")
    parser.add_argument(
        "--environments", type=Path, default=default_cache(), help="where peers are installed"
    )
    parser.add_argument(
        "--extra",
        action="append",
        default=[],
        metavar="NAME=ARGUMENTS",
        help="further arguments for a server's command line (repeatable)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole report there")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the chief figures")
    parser.add_argument("--label", default="", help="heading of the report")


def _compare(
    arguments: argparse.Namespace, command: Sequence[str], recordings: list[Recording]
) -> int:
    if not (arguments.model_dir / "model.bin").is_file():
        raise ValueError(f"--model-dir {arguments.model_dir}: no model.bin there")
    if arguments.rounds < 1 or min(arguments.streams) < 1:
        raise ValueError("--rounds and --streams: at least 1")
    format = WireFormat()
    comparison = Comparison(
        contenders=chosen(["wirescribe", *arguments.against], arguments.extra),
        programmes={
            streams: tuple(
                continuous(
                    recordings,
                    format,
                    streams=streams,
                    seconds=arguments.seconds,
                    gap_s=arguments.gap,
                    seed=arguments.seed,
                    dbfs=arguments.level,
                )
            )
            for streams in dict.fromkeys(arguments.streams)
        },
        model_dir=arguments.model_dir.resolve(),
        cache=arguments.environments,
        rounds=arguments.rounds,
        pace=Pace(
            chunk_ms=arguments.chunk_ms,
            phase_s=arguments.phase,
            seed=arguments.seed,
            drain_s=arguments.drain,
        ),
    )
    cells = execute(comparison, MonotonicClock(), lambda text: print(text, file=sys.stderr))
    report = compare_report(comparison, cells, command=command, label=arguments.label)
    _put_out(report, arguments)
    ours = [cell for cell in report["cells"] if cell["contender"] == "wirescribe"]
    good = all(cell["figures"] and not cell["figures"]["failed"] for cell in ours)
    return 0 if good else 1


def chosen(names: Sequence[str], extra: Sequence[str]) -> tuple[Contender, ...]:
    """The contenders by name, with their further arguments (``NAME=ARGUMENTS``)."""
    known = contenders()
    found = {name: known[name] for name in dict.fromkeys(names)}
    for given in extra:
        name, same, arguments = given.partition("=")
        if not same or name not in found:
            raise ValueError(f"--extra {given!r}: expected NAME=ARGUMENTS, of {', '.join(found)}")
        found[name] = found[name].with_extra(shlex.split(arguments))
    return tuple(found.values())


def _put_out(report: dict[str, Any], arguments: argparse.Namespace) -> None:
    write(arguments.json, json.dumps(report, ensure_ascii=False, indent=1))
    write(arguments.html, compare_page(report))
    write(arguments.markdown, compare_markdown(report))
    print(compare_table(report))
