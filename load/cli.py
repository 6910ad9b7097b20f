"""The command line: ``python -m load run | offline | report``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from load.decode import DecodeError
from load.manifest import ManifestError, Recording, Selection, read_manifest
from load.programme import Programme, continuous, single
from load.report import add_ratios, offline_report, read_report, run_report
from load.run import Plan, RunError, execute
from load.table import table
from load.wire import WIDTHS, WireFormat
from streaming.client import ClientError
from streaming.client.options import Options


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand; 0 all well, 1 sessions failed, 2 not usable as asked."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(given)
    try:
        code: int = arguments.call(arguments, ["python", "-m", "load", *given])
    except (ManifestError, DecodeError, RunError, ClientError, ValueError) as error:
        print(f"load: {error}", file=sys.stderr)
        return 2
    return code


def build_parser() -> argparse.ArgumentParser:
    """All subcommands with their options."""
    parser = argparse.ArgumentParser(
        prog="python -m load",
        description="Streams real speech at real pace into a server on this machine and measures "
        "what comes back. Definitions of every figure: docs/benchmarks.md.",
    )
    commands = parser.add_subparsers(required=True, metavar="run | offline | report")

    run = commands.add_parser(
        "run",
        help="play recordings into a server and score the answers",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_sources(run)
    _add_layout(run)
    _add_session(run)
    _add_pace(run)
    run.add_argument("--offline", type=Path, metavar="JSON", help="reference report for the ratio")
    _add_output(run)
    run.set_defaults(call=_run)

    offline = commands.add_parser(
        "offline",
        help="error rate of the same model over whole recordings",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_sources(offline)
    _add_layout(offline)
    offline.add_argument("--model-dir", type=Path, required=True, help="CTranslate2 Whisper model")
    offline.add_argument("--device", default="cpu")
    offline.add_argument("--compute-type", default="int8")
    offline.add_argument("--threads", type=int, default=2)
    offline.add_argument(
        "--beam", type=int, nargs="+", default=[1, 5], help="beam sizes; 1 is greedy"
    )
    offline.add_argument(
        "--without-previous", action="store_true", help="also without the text before as context"
    )
    _add_output(offline)
    offline.set_defaults(call=_offline)

    report = commands.add_parser("report", help="reports side by side, as a table")
    report.add_argument("reports", type=Path, nargs="+", metavar="JSON")
    report.set_defaults(call=_report)
    return parser


def _add_sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("recordings")
    group.add_argument("--manifest", type=Path, required=True, help="JSON lines, see the docs")
    group.add_argument("--set", action="append", default=[], help="only this set (repeatable)")
    group.add_argument("--without-set", action="append", default=[], help="not this set")
    group.add_argument("--language", action="append", default=[], help="only this language")
    group.add_argument("--kind", action="append", default=[], help="only this kind")
    group.add_argument("--timed", action="store_true", help="only those with word times")


def _add_layout(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("layout")
    group.add_argument(
        "--mode",
        choices=("files", "continuous"),
        default="files",
        help="one session a recording, or recordings one after the other in each session",
    )
    group.add_argument("--streams", type=int, default=1, help="sessions at once")
    group.add_argument("--seconds", type=float, help="length of a continuous stream; all without")
    group.add_argument("--gap", type=float, default=0.3, help="silence between recordings, s")
    group.add_argument("--tail", type=float, default=0.0, help="silence after a single file, s")
    group.add_argument(
        "--level",
        type=float,
        metavar="DBFS",
        help="bring recordings to one level; as recorded without",
    )
    group.add_argument("--seed", type=int, default=1, help="order, phases")
    group.add_argument("--encoding", choices=sorted(WIDTHS), default="pcm_s16le")
    group.add_argument("--sample-rate", type=int, default=16000)
    group.add_argument("--channels", type=int, default=1, help="continuous: a track each")


def _add_session(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("session")
    group.add_argument("--url", default="ws://127.0.0.1:8000/v1/stream", help="loopback only")
    group.add_argument(
        "--session-language", help="said to the server (also: auto) instead of the recordings'"
    )
    group.add_argument("--silence-ms", type=int, help="endpointing; the server's own without")
    group.add_argument("--max-segment-ms", type=int, help="endpointing; the server's own without")
    group.add_argument("--no-partials", action="store_true", help="finals only")
    group.add_argument("--server-pid", type=int, help="found by the port without")


def _add_pace(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("pace")
    group.add_argument("--chunk-ms", type=float, default=100.0)
    group.add_argument("--speed", type=float, default=1.0, help="1 is real time")
    group.add_argument("--phase", type=float, default=1.0, help="streams begin within so many s")
    group.add_argument("--drain", type=float, default=60.0, help="longest wait after end, s")


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--json", type=Path, metavar="FILE", help="write the whole report there")
    group.add_argument("--label", default="", help="name of this column")


def _recordings(arguments: argparse.Namespace) -> list[Recording]:
    selection = Selection(
        sets=frozenset(arguments.set),
        languages=frozenset(arguments.language),
        kinds=frozenset(arguments.kind),
        without_sets=frozenset(arguments.without_set),
        timed_only=arguments.timed,
    )
    return selection.choose(read_manifest(arguments.manifest))


def _programmes(arguments: argparse.Namespace) -> list[Programme]:
    format = WireFormat(arguments.encoding, arguments.sample_rate, arguments.channels)
    recordings = _recordings(arguments)
    if arguments.mode == "files":
        return [
            single(recording, format, tail_s=arguments.tail, dbfs=arguments.level)
            for recording in recordings
        ]
    return continuous(
        recordings,
        format,
        streams=arguments.streams,
        seconds=arguments.seconds,
        gap_s=arguments.gap,
        seed=arguments.seed,
        dbfs=arguments.level,
    )


def _run(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    # Read first: a name that isn't there must not cost the minutes of a run.
    offline = None if arguments.offline is None else read_report(arguments.offline)
    plan = Plan(
        url=arguments.url,
        programmes=tuple(_programmes(arguments)),
        options=Options(
            partials=False if arguments.no_partials else None,
            silence_ms=arguments.silence_ms,
            max_segment_ms=arguments.max_segment_ms,
        ),
        at_once=arguments.streams,
        chunk_ms=arguments.chunk_ms,
        speed=arguments.speed,
        phase_s=arguments.phase,
        seed=arguments.seed,
        drain_s=arguments.drain,
        server_pid=arguments.server_pid,
        language=arguments.session_language,
    )
    label = arguments.label or f"{arguments.streams} × {arguments.mode}"
    result = execute(plan)
    report = run_report(result, command=command, label=label)
    if offline is not None:
        add_ratios(report, offline)
    _put_out(report, arguments.json)
    return 1 if result.summary.failed else 0


def _offline(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    from load.offline import Decoding, WhisperTranscriber, decode_programmes

    arguments.sample_rate, arguments.encoding, arguments.channels = 16000, "pcm_s16le", 1
    decodings = [Decoding(beam) for beam in arguments.beam]
    if arguments.without_previous:
        decodings += [Decoding(beam, condition_on_previous_text=False) for beam in arguments.beam]
    transcriber = WhisperTranscriber(
        arguments.model_dir,
        device=arguments.device,
        compute_type=arguments.compute_type,
        threads=arguments.threads,
    )
    programmes = _programmes(arguments)
    texts = list(decode_programmes(transcriber, programmes, decodings))
    label = arguments.label or f"{arguments.model_dir.name}, {arguments.mode}"
    _put_out(offline_report(texts, command=command, label=label), arguments.json)
    return 0


def _report(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    reports = [read_report(path) for path in arguments.reports]
    references = [report for report in reports if "texts" in report]
    for report in reports:
        if "streams" in report and references:
            add_ratios(report, references[0])
    print(table(reports))
    return 0


def _put_out(report: dict[str, Any], path: Path | None) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(table([report]))
