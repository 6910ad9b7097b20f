"""``wirescribe serve``: the server."""

from __future__ import annotations

import argparse
from typing import Any

from streaming import heap
from streaming.cli.options import add_config_flags, add_engine_flags, read_settings_from

_DESCRIPTION = """\
Serve live speech to text: a captions page at http://127.0.0.1:8000, the WebSocket for programs at
ws://127.0.0.1:8000/v1/stream.

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
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8000; 0: any)")
    parser.add_argument(
        "--max-sessions", type=int, metavar="N", help="sessions at a time (default: 64)"
    )
    parser.add_argument(
        "--log-level",
        type=str.upper,
        metavar="LEVEL",
        help="DEBUG, INFO, WARNING or ERROR (default: INFO)",
    )
    add_config_flags(parser)
    parser.add_argument(
        "--print-config", action="store_true", help="show the settings in force and exit"
    )
    add_engine_flags(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    settings, origins = read_settings_from(arguments)
    if arguments.print_config:
        from streaming.cli.reference import in_force

        print(in_force(settings, origins), end="")
        return 0
    heap.share()
    from streaming.logs import configure_logging
    from streaming.serve import run  # the model libraries take a second to import

    configure_logging(settings.server.log_level, json=settings.server.log_json)
    return run(settings)
