"""Hours of speech through one session, as fast as it takes them: nothing may grow or drift.

The session is the server's own, voice detection included; words are made up, so that no model's
time hides the session's. Whatever it asks to have decoded is held against the recording, sample by
sample: after six hours a position that is off by one would show. Nothing listens to a clock but
the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from load.files import write
from load.manifest import Recording
from load.programme import continuous
from load.recorded import RecordedCommands
from load.wire import WireFormat
from streaming.audio.framing import to_int16
from streaming.decoding import DecodeRequest
from streaming.engine.fake import count_words
from streaming.events import Ended, Event, Final, Partial
from streaming.options import SessionConfig
from streaming.session import Phase, Session

_RATE = 16_000
_LOOK_SAMPLES = 60 * _RATE
_MOST_GROWTH_MIB = 2.0
_MOST_SLOWDOWN = 1.25


@dataclass(slots=True)
class Lap:
    """What happened in one stretch of the audio; figures of one lap are compared with another's.

    ``cpu_ms_per_audio_s`` is the session's own cost, ``chunk_p99_ms`` the longest but for one in a
    hundred that a single message kept its reader busy. ``rss_mib`` is the median of a look a
    minute: within a segment a session holds more than in a pause, and which of the two the end of
    a lap meets is chance.
    """

    audio_s: float = 0.0
    cpu_s: float = 0.0
    chunk_p99_ms: float = 0.0
    rss_mib: float = 0.0
    partials: int = 0
    finals: int = 0
    words: int = 0
    _chunks_s: list[float] = field(default_factory=list, repr=False)
    _looks_mib: list[float] = field(default_factory=list, repr=False)

    @property
    def cpu_ms_per_audio_s(self) -> float:
        """Milliseconds of processor time for a second of audio."""
        return self.cpu_s * 1000 / self.audio_s if self.audio_s else 0.0

    def took(self, seconds: float) -> None:
        """Note what one message cost."""
        self.cpu_s += seconds
        self._chunks_s.append(seconds)

    def look(self) -> None:
        """Note the memory that is in use now."""
        self._looks_mib.append(resident_mib())

    def count(self, events: Sequence[Event]) -> None:
        """Note what was said."""
        for event in events:
            if isinstance(event, Partial):
                self.partials += 1
            elif isinstance(event, Final):
                self.finals += 1
                self.words += event.word_count

    def close(self, audio_s: float) -> None:
        """Make figures of what was noted; the notes themselves go, for they would be growth."""
        self.audio_s = audio_s
        self.chunk_p99_ms = float(np.percentile(self._chunks_s, 99)) * 1000
        self._chunks_s.clear()
        self.rss_mib = float(np.median(self._looks_mib or [resident_mib()]))
        self._looks_mib.clear()


@dataclass(slots=True)
class Replay:
    """A whole run: its laps, how many requests were checked, and every position that was wrong."""

    laps: list[Lap] = field(default_factory=list)
    checked: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def growth_mib(self) -> float:
        """Memory at the end beyond that after the second lap, when everything is in use."""
        return self.laps[-1].rss_mib - self.laps[min(1, len(self.laps) - 1)].rss_mib

    @property
    def growth_mib_per_hour(self) -> float:
        """The slope of a straight line through the laps' memory, the first one left out."""
        laps = self.laps[1:]
        if len(laps) < 2:
            return 0.0
        hours = np.cumsum([lap.audio_s for lap in laps]) / 3600
        return float(np.polyfit(hours, [lap.rss_mib for lap in laps], 1)[0])

    @property
    def slowdown(self) -> float:
        """Cost of the last third's cheapest lap ÷ that of the first third's."""
        third = max(1, len(self.laps) // 3)
        costs = [lap.cpu_ms_per_audio_s for lap in self.laps]
        return min(costs[-third:]) / max(min(costs[:third]), 1e-9)

    @property
    def misses(self) -> list[str]:
        """What was not as it should be, in words."""
        said = list(self.wrong[:10])
        if self.growth_mib > _MOST_GROWTH_MIB:
            said.append(f"memory grew by {self.growth_mib:.1f} MiB")
        if self.slowdown > _MOST_SLOWDOWN:
            said.append(f"the end cost {self.slowdown:.2f} times what the beginning did")
        return said


class Looped:
    """A recording that goes round for ever, by absolute positions."""

    def __init__(self, sound: npt.NDArray[np.int16]) -> None:
        if not len(sound):
            raise ValueError("there is nothing to replay")
        self._sound = sound

    def read(self, start: int, end: int) -> npt.NDArray[np.int16]:
        """The samples from ``start`` up to ``end``."""
        at = start % len(self._sound)
        if at + end - start <= len(self._sound):
            return self._sound[at : at + end - start]
        return self._sound.take(np.arange(at, at + end - start), mode="wrap")


def replay(
    sound: npt.NDArray[np.int16],
    samples: int,
    *,
    lap_samples: int,
    chunk_samples: int = _RATE // 10,
    make: Callable[[SessionConfig], Session] = Session,
) -> Iterator[Replay]:
    """Play ``samples`` of 16 kHz sound that goes round; yield the run so far after each lap."""
    source, run, lap = Looped(sound), Replay(), Lap()
    session = make(SessionConfig(language="en"))
    position = lap_start = 0
    next_look = _LOOK_SAMPLES
    events: list[Event] = []
    while position < samples:
        end = min(position + chunk_samples, samples, lap_start + lap_samples)
        data = source.read(position, end).tobytes()
        began = time.process_time()
        events = session.receive_audio(data)
        spent = time.process_time() - began
        position = end
        spent += _decode(session, events, source, run)
        lap.took(spent)
        lap.count(events)
        if position >= next_look:
            lap.look()
            next_look += _LOOK_SAMPLES
        if position == samples:
            events = session.end()
            _decode(session, events, source, run)
            lap.count(events)
            _check_end(session, events, samples, run)
        if position in (samples, lap_start + lap_samples):
            _check_progress(session, position, run)
            lap.close((position - lap_start) / _RATE)
            run.laps.append(lap)
            lap, lap_start = Lap(), position
            yield run


def _decode(session: Session, events: list[Event], source: Looped, run: Replay) -> float:
    """Answer all that is asked for, and what that brings about; return the session's seconds."""
    spent = 0.0
    while True:
        began = time.process_time()
        request = next(session.work(), None)
        if request is None:
            return spent + time.process_time() - began
        session.begin(request)
        spent += time.process_time() - began
        _check_request(request, source, run)
        answer = count_words(request)
        began = time.process_time()
        events += session.work_done(request, answer)
        spent += time.process_time() - began


def _check_request(request: DecodeRequest, source: Looped, run: Replay) -> None:
    run.checked += 1
    expected = source.read(request.start_sample, request.end_sample)
    if not np.array_equal(request.audio * np.float32(32_768), expected):
        run.wrong.append(
            f"{request.kind.value} of segment {request.segment}: its audio is not that of samples "
            f"{request.start_sample} to {request.end_sample}"
        )


def _check_progress(session: Session, position: int, run: Replay) -> None:
    if session.received_ms != position * 1000 // _RATE:
        run.wrong.append(f"{session.received_ms} ms received, {position} samples sent")
    if session.backlog_ms:
        run.wrong.append(f"{session.backlog_ms} ms wait after {position} samples, all answered")


def _check_end(session: Session, events: Sequence[Event], samples: int, run: Replay) -> None:
    last = events[-1] if events else None
    if not isinstance(last, Ended) or session.phase is not Phase.ENDED:
        run.wrong.append("the session did not end")
    elif last.audio_ms != samples * 1000 // _RATE or session.decoded_ms != last.audio_ms:
        run.wrong.append(f"ended at {last.audio_ms} ms, decoded to {session.decoded_ms} ms")


def resident_mib() -> float:
    """Memory of this process that is in use, in MiB; 0 where the system doesn't say.

    What is freed is given back first, where the C library can: pages that it keeps for later come
    and go by some MiB, and are nobody's.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def text(run: Replay) -> str:
    """The run as lines to read."""
    head = f"{'audio':>8} {'ms/s':>6} {'p99 ms':>7} {'RSS MiB':>8} {'finals':>7} {'words':>7}"
    lines, audio_s = [head], 0.0
    for lap in run.laps:
        audio_s += lap.audio_s
        lines.append(
            f"{audio_s / 60:6.0f} m {lap.cpu_ms_per_audio_s:6.2f} {lap.chunk_p99_ms:7.2f} "
            f"{lap.rss_mib:8.1f} {lap.finals:7} {lap.words:7}"
        )
    lines.append(
        f"{run.checked} requests hold the samples they name; memory {run.growth_mib:+.2f} MiB "
        f"({run.growth_mib_per_hour:+.3f} an hour), cost of the end ÷ the beginning "
        f"{run.slowdown:.2f}"
    )
    return "\n".join([*lines, *(f"MISSED: {miss}" for miss in run.misses)])


def add_command(recorded: RecordedCommands) -> None:
    """Adds ``replay`` to the command line."""
    parser = recorded.add(
        "replay", _replay, help="hours of speech through one session, without a server or a model"
    )
    parser.add_argument("--hours", type=float, default=6.0, help="(default: %(default)g)")
    parser.add_argument(
        "--lap", type=float, default=900.0, help="seconds between figures (default: %(default)g)"
    )
    parser.add_argument("--loop", type=float, default=600.0, help="seconds of speech that go round")
    parser.add_argument("--chunk-ms", type=int, default=100, help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def _replay(
    arguments: argparse.Namespace, command: Sequence[str], recordings: list[Recording]
) -> int:
    if min(arguments.hours, arguments.lap, arguments.loop, arguments.chunk_ms) <= 0:
        raise ValueError("--hours, --lap, --loop and --chunk-ms must be positive")
    (programme,) = continuous(
        recordings, WireFormat(), streams=1, seconds=arguments.loop, gap_s=0.6, seed=1
    )
    run = Replay()
    for run in replay(
        to_int16(programme.samples[0]),
        int(arguments.hours * 3600 * _RATE),
        lap_samples=int(arguments.lap * _RATE),
        chunk_samples=arguments.chunk_ms * _RATE // 1000,
    ):
        print(text(run).splitlines()[len(run.laps)], flush=True)
    print(text(run))
    figures = {
        "command": list(command),
        "laps": [
            {key: value for key, value in asdict(lap).items() if not key.startswith("_")}
            for lap in run.laps
        ],
        "requests_checked": run.checked,
        "growth_mib": run.growth_mib,
        "growth_mib_per_hour": run.growth_mib_per_hour,
        "slowdown": run.slowdown,
        "misses": run.misses,
    }
    write(arguments.json, json.dumps(figures, indent=1))
    return 1 if run.misses else 0
