"""The command line: ``python -m load COMMAND``; ``build_parser`` has the commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from load import calibration, commands, compare, replay
from load.arguments import add_output, add_scenario, add_sections, add_server, scenario_of
from load.capacity import Bounds
from load.decode import DecodeError
from load.manifest import ManifestError
from load.programmes import choose
from load.recorded import RecordedCommands
from load.run import RunError
from load.soak import MOST_MINUTES
from streaming.client import ClientError

_EPILOG = """examples:
  python -m load run --scenario captions --manifest M.jsonl --streams 4 --html report.html
  python -m load run --manifest M.jsonl --language en --streams 8 --json report.json
  python -m load capacity --scenario captions --manifest M.jsonl --html capacity.html
  python -m load soak --scenario captions --manifest M.jsonl --minutes 60 --streams 10
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand; 0 all well, 1 sessions failed or targets missed, 2 not usable as asked.

    An interrupt ends it with 130.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(given)
    try:
        code: int = arguments.call(arguments, ["python", "-m", "load", *given])
    except (ManifestError, DecodeError, RunError, ClientError, ValueError) as error:
        print(f"load: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a report that can't be written
        print(f"load: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def build_parser() -> argparse.ArgumentParser:
    """All subcommands with their options."""
    parser = argparse.ArgumentParser(
        prog="python -m load",
        description="Streams real speech at real pace into a server on this machine and measures "
        "what comes back. Definitions of every figure: docs/benchmarks.md.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = "run | capacity | soak | replay | offline | compare | calibrate | report"
    subcommands = parser.add_subparsers(required=True, metavar=known)

    run = subcommands.add_parser(
        "run", help="play recordings into a server and score the answers", usage=_usage("run")
    )
    add_scenario(run)
    run.add_argument("--offline", type=Path, metavar="JSON", help="reference report for the ratio")
    add_server(run)
    add_output(run)
    run.set_defaults(call=commands.run)

    _add_capacity(
        subcommands.add_parser(
            "capacity", help="find how many streams hold the targets", usage=_usage("capacity")
        )
    )
    _add_soak(
        subcommands.add_parser(
            "soak", help="the same streams for long: does anything grow?", usage=_usage("soak")
        )
    )
    _add_offline(
        subcommands.add_parser("offline", help="error rate of the same model, recordings whole")
    )
    recorded = RecordedCommands(
        subcommands,
        lambda parser: add_sections(parser, "sources"),
        lambda arguments: choose(scenario_of(arguments).sources),
    )
    for others in (compare, calibration, replay):
        others.add_command(recorded)

    report = subcommands.add_parser("report", help="reports side by side, as a table or a page")
    report.add_argument("reports", type=Path, nargs="+", metavar="JSON")
    report.add_argument("--html", type=Path, metavar="FILE", help="write them as a page with plots")
    report.add_argument(
        "--curve", type=Path, metavar="SVG", help="draw the latencies of runs over their streams"
    )
    report.set_defaults(call=commands.report)
    return parser


def _usage(command: str) -> str:
    return f"python -m load {command} [--scenario NAME|FILE.toml] --manifest FILE [option ...]"


def _add_capacity(parser: argparse.ArgumentParser) -> None:
    defaults = Bounds()
    add_scenario(parser)
    group = parser.add_argument_group("search")
    group.add_argument(
        "--start", type=int, default=defaults.start, help="streams of the first probe (default: 1)"
    )
    group.add_argument(
        "--most-streams",
        type=int,
        default=defaults.most_streams,
        help="never more (default: %(default)s)",
    )
    group.add_argument(
        "--most-minutes",
        type=float,
        default=defaults.minutes,
        help="no probe that may not be over by then is begun (default: %(default)g)",
    )
    group.add_argument(
        "--most-probes", type=int, default=defaults.probes, help="(default: %(default)s)"
    )
    group.add_argument(
        "--repeats",
        type=int,
        default=defaults.repeats,
        help="probes of each number at the border (default: %(default)s)",
    )
    add_server(parser)
    add_output(parser)
    parser.set_defaults(call=commands.capacity)


def _add_soak(parser: argparse.ArgumentParser) -> None:
    add_scenario(parser)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help=f"at most {MOST_MINUTES} (default: %(default)g)"
    )
    parser.add_argument(
        "--lap",
        type=float,
        default=240.0,
        help="seconds of audio that each stream holds and repeats (default: %(default)g)",
    )
    add_server(parser)
    add_output(parser)
    parser.set_defaults(call=commands.soak)


def _add_offline(parser: argparse.ArgumentParser) -> None:
    add_sections(parser, "sources", "layout")
    parser.add_argument("--model-dir", type=Path, required=True, help="CTranslate2 Whisper model")
    parser.add_argument("--device", default="cpu", help="(default: %(default)s)")
    parser.add_argument("--compute-type", default="int8", help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(default: %(default)s)")
    parser.add_argument(
        "--beam", type=int, nargs="+", default=[1, 5], help="beam sizes; 1 is greedy (default: 1 5)"
    )
    parser.add_argument(
        "--without-previous", action="store_true", help="also without the text before as context"
    )
    add_output(parser)
    parser.set_defaults(call=commands.offline)
