"""``wirescribe models list|fetch|verify``: what is on disk, and what could be."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from streaming.cli.options import add_config_flags, settings_from

if TYPE_CHECKING:
    from rich.console import Console

    from streaming.models import ModelRow

_COLUMNS = ("NAME", "SIZE", "LANGUAGES", "STATE", "SOURCE")


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "models",
        help="list, fetch and verify speech models",
        description="List, fetch and verify speech models.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list", help="show known models and which are fetched", description=_LIST
    )
    listing.set_defaults(run=_list)
    fetch = actions.add_parser("fetch", help="fetch models into the cache", description=_FETCH)
    fetch.add_argument("names", nargs="+", metavar="NAME", help="a name that `list` shows")
    fetch.set_defaults(run=_fetch)
    verify = actions.add_parser(
        "verify", help="check fetched models against their digests", description=_VERIFY
    )
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all that are fetched")
    verify.set_defaults(run=_verify)
    for action in actions.choices.values():
        add_config_flags(action)


_LIST = "Show the models known by name, how large they are, and which lie in the cache."
_FETCH = (
    "Fetch models into the cache. Those that are there and whole are left as they are; damaged "
    "ones are fetched again."
)
_VERIFY = "Read every byte of fetched models and compare digests. Exit status 1: one is damaged."


def _list(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from streaming.models import default_models_dir, list_models

    models_dir = settings_from(arguments).engine.models_dir
    show(Console(), list_models(models_dir=models_dir))
    errors = Console(stderr=True)
    if errors.is_terminal:
        folder = models_dir or default_models_dir()
        errors.print(f"cache: {folder}", style="dim", highlight=False, soft_wrap=True)
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from streaming.cli.fetching import FetchBar
    from streaming.models import fetch

    errors = Console(stderr=True)
    models_dir = settings_from(arguments).engine.models_dir
    for name in dict.fromkeys(arguments.names):
        with FetchBar(errors) as bar:
            files = fetch(name, models_dir=models_dir, progress=bar.report)
        print(f"{files.name} is ready in {files.path}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from streaming.cli.fetching import FetchBar
    from streaming.models import ModelState, verify

    errors = Console(stderr=True)
    models_dir = settings_from(arguments).engine.models_dir
    with FetchBar(errors) as bar:
        rows = verify(arguments.names, models_dir=models_dir, progress=bar.report)
    if not rows:
        print("no models have been fetched")
        return 0
    for row in rows:
        if row.state is ModelState.READY:
            print(f"{row.name}: whole")
        elif row.state is ModelState.DAMAGED:
            print(
                f"{row.name}: damaged ({row.problem}); mend it: wirescribe models fetch {row.name}"
            )
        else:
            print(f"{row.name}: not fetched")
    return 0 if all(row.state is ModelState.READY for row in rows) else 1


def show(console: Console, rows: Sequence[ModelRow]) -> None:
    """Print a table for people, tab-separated columns under a header line for programs."""
    if not console.is_terminal:
        for cells in (_COLUMNS, *(_cells(row) for row in rows)):
            print("\t".join(cells))
        return
    from rich.table import Table
    from rich.text import Text

    from streaming.models import ModelState

    styles = {ModelState.READY: "green", ModelState.DAMAGED: "red", ModelState.ABSENT: "dim"}
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    lines = [_cells(row) for row in rows]
    for number, name in enumerate(_COLUMNS):
        table.add_column(
            name.lower(),
            justify="right" if name in ("SIZE", "LANGUAGES") else "left",
            no_wrap=True,
            overflow="ellipsis",
            # On a narrow terminal the last column gives way: where a model comes from.
            min_width=max(len(name), *(len(cells[number]) for cells in lines)) if number < 4 else 0,
        )
    for row, (name, size, languages, state, source) in zip(rows, lines, strict=True):
        table.add_row(
            Text(name, style="bold" if row.state is ModelState.READY else ""),
            size,
            languages,
            Text(state, style=styles[row.state]),
            Text(source, style="dim"),
        )
    console.print(table)


def _cells(row: ModelRow) -> tuple[str, ...]:
    from streaming.models.errors import megabytes

    name = row.name + (f" ({', '.join(row.aliases)})" if row.aliases else "")
    state = row.state.value + (f": {row.problem}" if row.problem else "")
    return (
        name,
        megabytes(row.size_bytes),
        "English" if row.languages == 1 else str(row.languages),
        state,
        row.source,
    )
