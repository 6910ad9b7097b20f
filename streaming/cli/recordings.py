"""Transcribing one recording after the other: opened, followed, written; one bad one stops none."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from streaming.audio.formats import AudioFormat
from streaming.cli.errors import CommandError
from streaming.cli.follow import complain, follow, session_config
from streaming.cli.formats import Format
from streaming.cli.inputs import Input
from streaming.cli.interrupts import Interrupts
from streaming.cli.outputs import write_file
from streaming.cli.screen import Screen, can_animate, clock_time
from streaming.cli.sound import Sound, open_file, open_stdin
from streaming.cli.transcript import Transcript
from streaming.cli.view import PlainText, Turn, View, Views
from streaming.errors import WirescribeError
from streaming.events import Warned, WarningCode
from streaming.service import Service
from streaming.session import Session
from streaming.transcriber import Pace, Transcription, full_speed
from streaming.vad import VadConfig
from streaming.window import WindowConfig

# Watching costs about three times the time of finals alone; longer recordings are better read
# when they are done.
_WATCHED_UP_TO_MS = 5 * 60_000
# A recording needs fewer partials than a live voice: nobody waits for the next word of it.
_WATCHED = WindowConfig(step_ms=2_000, first_ms=1_000, pause_ms=5_000)
# Opening a file starts a process for its decoder; that is done while others are transcribed.
_OPEN_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Work:
    """What was asked for. ``outputs`` go with ``inputs``; None is standard output."""

    inputs: Sequence[Input]
    outputs: Sequence[Path | None]
    form: Format
    raw: AudioFormat
    speakers: tuple[str, ...]
    separate: bool
    partials: bool | None
    options: dict[str, object]


class Recordings:
    """One run over all inputs; :meth:`all` does it."""

    def __init__(self, work: Work, service: Service, errors: Console) -> None:
        self._work = work
        self._service = service
        self._errors = errors
        self._config = session_config(work.options, service)
        self._failed = False
        self._stopped = False
        self._running: dict[Transcription, Sound] = {}
        self._moved = asyncio.Event()
        self._audio_ms = self._words = 0
        self._watched = False
        self._held: list[str] = []
        self._view = self._make_view()

    async def all(self) -> int:
        """Transcribe all inputs, shown in their order; return the exit status."""
        began = time.monotonic()
        jobs: list[asyncio.Task[None]] = []
        with Interrupts(self._interrupt) as interrupts:
            try:
                await self._start(jobs)
                await asyncio.gather(*jobs)
            except asyncio.CancelledError:
                if not interrupts.came:
                    raise
            finally:
                for job in jobs:  # in their order: each writes what it has
                    job.cancel()
                    await asyncio.gather(job, return_exceptions=True)
                self._view.close()
                sys.stdout.writelines(self._held)
        if self._errors.is_terminal:
            self._sum_up(time.monotonic() - began)
        if self._stopped:
            return 130
        return 1 if self._failed else 0

    async def _start(self, jobs: list[asyncio.Task[None]]) -> None:
        """Start one after the other, each as soon as the workers may run out of sound."""
        opened: deque[asyncio.Task[Sound]] = deque()
        inputs = self._work.inputs
        before = asyncio.Event()
        before.set()
        try:
            for number in range(len(inputs)):
                while len(opened) < _OPEN_AHEAD and number + len(opened) < len(inputs):
                    source = inputs[number + len(opened)]
                    opened.append(asyncio.create_task(self._open(source)))
                fed, done = asyncio.Event(), asyncio.Event()
                jobs.append(
                    asyncio.create_task(self._one(number, opened.popleft(), fed, before, done))
                )
                before = done
                await (done if self._watched else fed).wait()
                await self._wait_for_room()
                if self._stopped:
                    break
        finally:
            for opening in opened:
                for sound in await asyncio.gather(opening, return_exceptions=True):
                    if isinstance(sound, Sound):
                        await sound.close()

    async def _wait_for_room(self) -> None:
        """Hold the next source back while those before it keep the workers busy."""
        most = full_speed(self._service.scheduler).backlog_ms
        while sum(running.session.backlog_ms for running in self._running) > most:
            self._moved.clear()
            await self._moved.wait()

    async def _one(
        self,
        number: int,
        opening: asyncio.Task[Sound],
        fed: asyncio.Event,
        before: asyncio.Event,
        done: asyncio.Event,
    ) -> None:
        """Transcribe one source; show and write it when those before it are through."""
        turn = Turn(self._view)
        coming = asyncio.create_task(_come(turn, before))
        try:
            async with _closing(await opening) as sound:
                await self._transcribe(number, sound, turn, fed, before)
        except BrokenPipeError:  # nobody reads any more, whatever else there is to transcribe
            raise
        except (WirescribeError, OSError) as error:
            await before.wait()
            self._fail(error)
        finally:
            coming.cancel()
            fed.set()
            done.set()
            self._moved.set()

    async def _transcribe(
        self, number: int, sound: Sound, turn: Turn, fed: asyncio.Event, before: asyncio.Event
    ) -> None:
        source = self._work.inputs[number]
        transcript = Transcript(source.name, self._names(source, sound))
        turn.begin(source.name, number, sound.duration_ms, transcript.speakers)
        transcription = self._transcription(sound, fed)
        self._running[transcription] = sound
        try:
            await follow(transcription, transcript, turn, self._warn)
            await before.wait()
        finally:
            del self._running[transcription]
            turn.come()
            turn.end()
            transcript.complete &= sound.damage is None and not self._stopped
            self._audio_ms += transcript.duration_ms
            self._words += transcript.words
            self._write(transcript, number)
        if sound.damage is not None and not self._stopped:
            self._fail(sound.damage)

    async def _open(self, source: Input) -> Sound:
        if source.problem is not None:
            raise CommandError(source.problem)
        mix = not self._work.separate
        if source.path is None:
            return open_stdin(sys.stdin.buffer, self._work.raw, mix=mix)
        return await asyncio.to_thread(open_file, source, mix=mix)

    def _names(self, source: Input, sound: Sound) -> dict[int, str]:
        channels, names = sound.format.channels, self._work.speakers
        if names and len(names) != channels:
            raise CommandError(
                f"--speakers: {len(names)} names for the {channels} channels of {source.name!r}"
            )
        if not names and channels > 1:
            names = tuple(f"Channel {channel + 1}" for channel in range(channels))
        return dict(enumerate(names))

    def _transcription(self, sound: Sound, fed: asyncio.Event) -> Transcription:
        pace = full_speed(self._service.scheduler, live=sound.live)
        settings = self._service.settings
        window = WindowConfig(**settings.partials.model_dump())
        partials = self._watched
        if partials and not sound.live:
            asked_for = self._work.partials is True
            partials = asked_for or (sound.duration_ms or 0) <= _WATCHED_UP_TO_MS
            if partials:
                pace, window = Pace(backlog_ms=0, step_by_step=True), _WATCHED
        config = dataclasses.replace(self._config, audio=sound.format, partials=partials)
        vad = VadConfig(**settings.vad.model_dump())
        session = Session(config, vad=vad, window=window)
        return Transcription(session, self._service.scheduler, sound, pace, fed=fed)

    def _write(self, transcript: Transcript, number: int) -> None:
        path, form = self._work.outputs[number], self._work.form
        if path is not None:
            write_file(path, transcript.written(form, indent=2))
        elif form is not Format.TEXT and sys.stdout.isatty():
            self._held.append(transcript.written(form, indent=2))  # a bar is in the way
        elif form is not Format.TEXT:
            sys.stdout.write(transcript.written(form))
            sys.stdout.flush()

    # -- what is seen --------------------------------------------------------------------------

    def _make_view(self) -> View:
        """Choose by where the text goes, and by which ends are terminals."""
        work, sources = self._work, len(self._work.inputs)
        to_files = work.outputs[0] is not None
        as_text = work.form is Format.TEXT and not to_files
        console = Console()
        if as_text and can_animate(console):
            self._watched = work.partials is not False
            return Screen(console, sources=sources)
        views: list[View] = [PlainText(sys.stdout, sources=sources)] if as_text else []
        if can_animate(self._errors):
            self._watched = to_files and work.partials is True
            views.append(Screen(self._errors, sources=sources, finals=to_files))
        return Views(*views)

    def _sum_up(self, took_s: float) -> None:
        speed = self._audio_ms / 1000 / max(took_s, 0.001)
        self._errors.print(
            f"{clock_time(self._audio_ms)} of sound in {clock_time(round(took_s * 1000))}, "
            f"{speed:.1f}× real time, {self._words} words",
            style="dim",
            highlight=False,
        )

    def _warn(self, warning: Warned) -> None:
        # Silence in a recording is nothing to mend now.
        if warning.code is not WarningCode.NO_AUDIO:
            complain(warning.message)

    def _fail(self, error: WirescribeError | OSError | str) -> None:
        self._failed = True
        complain(error)

    def _interrupt(self) -> None:
        self._stopped = True
        complain("finishing what was heard so far; Ctrl-C again ends at once")
        for transcription, sound in self._running.items():
            if sound.live:
                sound.finish()
            else:
                transcription.stop()
        self._moved.set()


async def _come(turn: Turn, before: asyncio.Event) -> None:
    await before.wait()
    turn.come()


@asynccontextmanager
async def _closing(sound: Sound) -> AsyncIterator[Sound]:
    try:
        yield sound
    finally:
        await sound.close()
