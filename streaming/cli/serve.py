"""``wirescribe serve``: the server."""

from __future__ import annotations

import argparse
from typing import Any

from streaming.cli.options import add_engine_flags, settings_from
from streaming.logs import configure_logging
from streaming.settings import describe

_DESCRIPTION = """\
Serve live speech to text at http://127.0.0.1:8000 and ws://127.0.0.1:8000/v1/stream.

Everything else is set in a TOML file (--config) or in the environment, as WIRESCRIBE_SECTION__KEY;
--print-config shows all of it with the values in force."""


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "serve",
        help="serve live transcription",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default 8000; 0: any)")
    add_engine_flags(parser)
    parser.add_argument("--max-sessions", type=int, metavar="N", help="sessions at a time")
    parser.add_argument("--log-level", type=str.upper, metavar="LEVEL")
    parser.add_argument("--print-config", action="store_true", help="show the settings and exit")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    settings = settings_from(arguments)
    if arguments.print_config:
        print(describe(settings), end="")
        return 0
    configure_logging(settings.server.log_level, json=settings.server.log_json)
    from streaming.serve import run  # the model libraries take a second to import

    return run(settings)
