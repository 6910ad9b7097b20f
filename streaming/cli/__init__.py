"""The ``wirescribe`` command; each subcommand lives in a module of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from streaming import __version__
from streaming.cli import models, serve
from streaming.errors import WirescribeError

_COMMANDS = (serve, models)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; return the exit status (0 done, 1 failed, 2 wrong usage)."""
    parser = argparse.ArgumentParser(
        prog="wirescribe", description="Live speech to text on your own machine."
    )
    parser.add_argument("--version", action="version", version=f"wirescribe {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    arguments = parser.parse_args(sys.argv[1:] if argv is None else list(argv))
    try:
        status: int = arguments.run(arguments)
    except WirescribeError as error:
        print(f"wirescribe: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status
