"""``wirescribe transcribe``: recordings to text, without a server."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from streaming.audio.formats import AudioFormat, Encoding
from streaming.cli.errors import CommandError
from streaming.cli.inputs import STDIN, find_inputs
from streaming.cli.options import (
    add_config_flags,
    add_engine_flags,
    add_speech_flags,
    format_from,
    settings_from,
)
from streaming.cli.outputs import plan_outputs

_DESCRIPTION = """\
Write down what is said in recordings: audio or video in any format FFmpeg reads, folders of
them, or raw samples on standard input (-). Everything happens in this process; no server runs.

On a terminal the text appears as it is recognised. Elsewhere standard output holds the text and
nothing else. Ctrl-C keeps what was heard so far."""

_EPILOG = """\
examples:
  wirescribe transcribe talk.mp3
  wirescribe transcribe lectures/ --format srt --output subtitles/
  wirescribe transcribe call.wav --speakers agent,customer --format json
  arecord -t raw -f S16_LE -r 16000 | wirescribe transcribe -"""


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "transcribe",
        help="write down what is said in recordings",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a recording, a folder of them, or - for raw audio"
    )
    add_speech_flags(parser)
    channels = parser.add_argument_group("channels")
    channels.add_argument(
        "--separate-channels",
        action="store_true",
        help="transcribe each channel by itself, as the speaker it is (default: mix them)",
    )
    channels.add_argument(
        "--speakers", metavar="A,B,…", help="the channels' names; implies --separate-channels"
    )
    raw = parser.add_argument_group("raw audio on standard input")
    raw.add_argument(
        "--encoding", metavar="NAME", help=f"{', '.join(Encoding)} (default: pcm_s16le)"
    )
    raw.add_argument("--sample-rate", type=int, metavar="HZ", help="8000 to 48000 (default: 16000)")
    raw.add_argument("--channels", type=int, metavar="N", help="1 to 8 (default: 1)")
    add_engine_flags(parser)
    add_config_flags(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    # Here and not above: these bring FFmpeg, the model libraries and a second of imports.
    from rich.console import Console

    from streaming.cli import engine
    from streaming.cli.follow import complain
    from streaming.cli.recordings import Recordings, Work

    errors = Console(stderr=True)
    settings = settings_from(arguments)
    form = format_from(arguments)
    inputs = find_inputs(arguments.files)
    if sum(source.path is None for source in inputs) > 1:
        raise CommandError("FILE: '-' can be read only once")
    work = Work(
        inputs=inputs,
        outputs=plan_outputs(inputs, arguments.output, form),
        form=form,
        raw=_raw_format(arguments),
        speakers=_speakers(arguments.speakers),
        separate=arguments.separate_channels or arguments.speakers is not None,
        partials=arguments.partials,
        options={
            "language": arguments.language,
            "languages": arguments.languages,
            "task": arguments.task,
            "prompt": arguments.prompt,
            "hotwords": arguments.hotwords,
            "words": arguments.words or form.needs_words,
        },
    )
    if all(source.problem for source in inputs):  # known without loading a model
        for source in inputs:
            complain(source.problem or "")
        return 1
    engine.prepare(settings, errors)

    async def run() -> int:
        async with engine.running(settings, errors, thorough=True) as service:
            return await Recordings(work, service, errors).all()

    return asyncio.run(run())


def _raw_format(arguments: argparse.Namespace) -> AudioFormat:
    given = {
        name: getattr(arguments, name)
        for name in ("encoding", "sample_rate", "channels")
        if getattr(arguments, name) is not None
    }
    if given and STDIN not in arguments.files:
        flag = "--" + next(iter(given)).replace("_", "-")
        raise CommandError(f"{flag}: only raw audio on standard input ('-') needs to be described")
    return AudioFormat.parse(given)


def _speakers(given: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",")) if given is not None else ()
