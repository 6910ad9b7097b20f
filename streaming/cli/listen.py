"""``wirescribe listen``: the microphone to text, without a server."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from streaming.cli.errors import CommandError
from streaming.cli.options import (
    add_config_flags,
    add_engine_flags,
    add_speech_flags,
    format_from,
    settings_from,
)

_DESCRIPTION = """\
Write down what is said into a microphone, as it is said. Needs the extra `mic`:
pip install 'wirescribe[mic]'. Ctrl-C ends, and what was said last is still written."""


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "listen",
        help="write down what is said into a microphone",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sound = parser.add_argument_group("microphone")
    sound.add_argument(
        "--device-name",
        metavar="NAME",
        help="the microphone's name, a part of it, or its number (default: the system's)",
    )
    sound.add_argument("--list-devices", action="store_true", help="show the microphones and exit")
    add_speech_flags(parser)
    add_engine_flags(parser)
    add_config_flags(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from streaming.cli import engine
    from streaming.cli.listening import Listening
    from streaming.cli.microphone import Microphone, input_devices, load_sounddevice

    library = load_sounddevice()
    if arguments.list_devices:
        devices = input_devices(library)
        if not devices:
            raise CommandError("listen: there is no microphone on this machine")
        print("\n".join(devices))
        return 0
    errors = Console(stderr=True)
    settings = settings_from(arguments)
    microphone = Microphone(library, arguments.device_name)
    form = format_from(arguments)
    options = {
        "language": arguments.language,
        "languages": arguments.languages,
        "task": arguments.task,
        "prompt": arguments.prompt,
        "hotwords": arguments.hotwords,
        "words": arguments.words or form.needs_words,
        "partials": arguments.partials,
    }
    listening = Listening(microphone, form, arguments.output, options, errors)
    engine.prepare(settings, errors)

    async def run() -> int:
        async with engine.running(settings, errors) as service:
            return await listening.run(service)

    return asyncio.run(run())
