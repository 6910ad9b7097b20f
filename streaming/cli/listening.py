"""A microphone followed until Ctrl-C, then written down."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from streaming.audio.formats import AudioFormat
from streaming.cli.errors import CommandError
from streaming.cli.follow import complain, follow, session_config
from streaming.cli.formats import Format
from streaming.cli.inputs import Input
from streaming.cli.interrupts import Interrupts
from streaming.cli.outputs import plan_outputs, write_file
from streaming.cli.screen import Screen, can_animate
from streaming.cli.transcript import Transcript
from streaming.cli.view import PlainText, View, Views
from streaming.client.errors import CaptureError
from streaming.client.microphone import Microphone
from streaming.errors import WirescribeError
from streaming.events import Warned
from streaming.service import Service
from streaming.transcriber import Transcription, full_speed


class Listening:
    """One microphone, one transcript; Ctrl-C is its orderly end."""

    def __init__(
        self,
        microphone: Microphone,
        form: Format,
        output: str | None,
        options: Mapping[str, object],
        errors: Console,
    ) -> None:
        self._microphone = microphone
        self._form = form
        self._options = options
        self._errors = errors
        source = Input(microphone.name, None, Path("listen"))
        self._path = plan_outputs([source], output, form)[0]
        self._view: View = Views()

    async def run(self, service: Service) -> int:
        """Listen; return the exit status."""
        microphone = self._microphone
        transcript = Transcript(microphone.name)
        config = session_config(self._options, service)
        self._view = self._make_view()
        wanted = config.partials and not isinstance(self._view, Views)
        session = service.new_session(
            dataclasses.replace(
                config, audio=AudioFormat(sample_rate=microphone.sample_rate), partials=wanted
            )
        )
        transcription = Transcription(
            session, service.scheduler, microphone, full_speed(service.scheduler, live=True)
        )
        status = 0
        with Interrupts(microphone.finish) as interrupts:
            try:
                self._view.begin(microphone.name, 0, None, {})
                await follow(transcription, transcript, self._view, self._warn)
            except WirescribeError as error:
                complain(error)
                status = 1
            except CaptureError as error:
                raise CommandError(f"--device-name: {error}") from None
            except asyncio.CancelledError:
                if not interrupts.came:
                    raise
                status = 130  # it was not given the time to finish
            finally:
                self._view.end()
                self._view.close()
        self._write(transcript)
        if microphone.lost_ms:
            complain(
                f"{microphone.lost_ms} ms of sound were lost: this machine is too slow for the "
                "model; a smaller one is chosen with --model",
            )
            status = status or 1
        return status

    def _make_view(self) -> View:
        to_file = self._path is not None
        as_text = self._form is Format.TEXT and not to_file
        console = Console() if as_text else self._errors
        if can_animate(console):
            return Screen(console, live=True)
        return Views(PlainText(sys.stdout, sources=1)) if as_text else Views()

    def _write(self, transcript: Transcript) -> None:
        if self._path is not None:
            write_file(self._path, transcript.written(self._form, indent=2))
        elif self._form is not Format.TEXT:
            sys.stdout.write(transcript.written(self._form))

    def _warn(self, warning: Warned) -> None:
        complain(warning.message)
