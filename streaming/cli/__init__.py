"""The ``wirescribe`` command; each subcommand lives in a module of its own."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

# Numpy's OpenBLAS shares even our small products among as many threads as there are cores, which
# then spin, waiting for the next: a quarter of a core at one stream, and time that the decoding
# lacks at sixteen (words at 1.09 s, not 0.78 s, median). It is read when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from streaming import __version__
from streaming.cli import doctor, keys, listen, models, serve, transcribe
from streaming.errors import WirescribeError

_COMMANDS = (serve, transcribe, listen, models, keys, doctor)
_INTERRUPTED = 130  # what a shell reports for SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; return the exit status.

    0: done. 1: something failed, and a line on standard error says what. 2: wrong usage.
    130: interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="wirescribe",
        description="Live speech to text on your own machine.",
        epilog="`wirescribe COMMAND --help` says more about each.",
    )
    parser.add_argument("--version", action="version", version=f"wirescribe {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    arguments = parser.parse_args(sys.argv[1:] if argv is None else list(argv))
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except WirescribeError as error:
        print(f"wirescribe: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as missing:
        if str(missing.name).startswith("streaming"):
            raise
        print(
            f"wirescribe: {missing.name} is not installed, perhaps only the client is; the "
            "commands need the server: pip install 'wirescribe[server]'",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read has left, as `head` does. Python would complain once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
