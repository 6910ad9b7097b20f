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
    from streaming.client.errors import CaptureError
    from streaming.client.microphone import Microphone, input_devices

    try:
        devices = input_devices() if arguments.list_devices else None
    except CaptureError as error:
        raise CommandError(f"listen: {error}") from None
    if devices is not None:
        if not devices:
            raise CommandError("listen: there is no microphone on this machine")
        print("\n".join(devices))
        return 0
    errors = Console(stderr=True)
    settings = settings_from(arguments)
    try:
        microphone = Microphone(arguments.device_name)
    except CaptureError as error:
        if error.code == "no_library":
            raise CommandError(f"listen: {error}") from None
        raise CommandError(
            f"--device-name: {error}; `wirescribe listen --list-devices` shows what there is"
        ) from None
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
