"""The sections of a scenario: what is played, how it is laid out, asked for and paced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from load.option import option
from load.wire import WIDTHS
from streaming.client.options import Preset

MODES = ("files", "continuous", "turns", "push_to_talk")


@dataclass(frozen=True, slots=True)
class Sources:
    """Which recordings of which manifest."""

    manifest: str | None = option(
        None, "--manifest", "JSON lines, see docs/benchmarks.md", metavar="FILE"
    )
    sets: tuple[str, ...] = option((), "--set", "only this set (repeatable)")
    without_sets: tuple[str, ...] = option((), "--without-set", "not this set (repeatable)")
    languages: tuple[str, ...] = option((), "--language", "only this language (repeatable)")
    kinds: tuple[str, ...] = option((), "--kind", "only this kind (repeatable)")
    timed: bool = option(False, "--timed", "only those with word times")
    longest_s: float | None = option(
        None, "--longest", "only recordings of at most so many seconds", least=0.1
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """How recordings become streams."""

    mode: str = option(
        "files",
        "--mode",
        "files: a session a recording; continuous: one after the other in each session; turns: "
        "the same, each on the next channel; push_to_talk: nothing is sent between them, and "
        "`finalize` follows each",
        choices=MODES,
    )
    streams: int = option(1, "--streams", "sessions at once", least=1, most=10_000)
    seconds: float | None = option(
        None, "--seconds", "length of a stream; each recording once without", least=0.1
    )
    gap_s: float = option(0.3, "--gap", "silence between recordings, s", least=0)
    tail_s: float = option(0.0, "--tail", "silence after a single file, s", least=0)
    pause_s: float = option(
        1.5, "--pause", "push_to_talk: seconds between one utterance and the next", least=0
    )
    level_dbfs: float | None = option(
        None,
        "--level",
        "bring recordings to one level; as recorded without",
        most=0,
        metavar="DBFS",
    )
    seed: int = option(1, "--seed", "order and phases")
    encoding: str = option("pcm_s16le", "--encoding", "of the audio", choices=sorted(WIDTHS))
    sample_rate: int = option(16000, "--sample-rate", "Hz", least=8000, most=48000)
    channels: int = option(1, "--channels", "continuous: a track each", least=1, most=8)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What every session asks of the server; its own defaults where nothing is said."""

    language: str | None = option(
        None, "--session-language", "said to the server (also: auto) instead of the recordings'"
    )
    preset: str | None = option(
        None, "--preset", "of endpointing; values beside it win", choices=get_args(Preset)
    )
    silence_ms: int | None = option(None, "--silence-ms", "endpointing", least=1)
    sentence_silence_ms: int | None = option(
        None, "--sentence-silence-ms", "endpointing, behind a complete sentence", least=1
    )
    max_segment_ms: int | None = option(None, "--max-segment-ms", "endpointing", least=1)
    partials: bool = option(True, "--partials", "text while it is spoken")
    words: bool = option(True, "--words", "finals with words and times")
    prompt: str | None = option(None, "--prompt", "what it is about")


@dataclass(frozen=True, slots=True)
class Pace:
    """When it is sent."""

    chunk_ms: float = option(100.0, "--chunk-ms", "length of a message", least=1, most=10_000)
    speed: float = option(1.0, "--speed", "1 is real time", least=0.01, most=1000)
    phase_s: float = option(1.0, "--phase", "streams begin within so many s", least=0)
    drain_s: float = option(60.0, "--drain", "longest wait after end, s", least=0.1)


@dataclass(frozen=True, slots=True)
class Storm:
    """Connections that come all at once, beside the streams. None without ``per_s``."""

    per_s: float = option(0.0, "--storm-per-s", "new connections a second", least=0, most=2000)
    seconds: float = option(5.0, "--storm-seconds", "how long they come", least=0.1, most=600)
    begin_s: float = option(10.0, "--storm-begin", "seconds after the streams' begin", least=0)
    hold_s: float = option(2.0, "--storm-hold", "how long an accepted one stays", least=0)


@dataclass(frozen=True, slots=True)
class SlowReaders:
    """Sessions that stop reading: the last ``streams`` of all."""

    streams: int = option(0, "--slow-streams", "how many of the sessions", least=0)
    from_s: float = option(5.0, "--slow-from", "when they stop, s of their stream", least=0)
    for_s: float | None = option(
        None, "--slow-for", "for how long; till the end of their stream without", least=0.1
    )


SECTIONS: dict[str, type] = {
    "sources": Sources,
    "layout": Layout,
    "session": Wishes,
    "pace": Pace,
    "storm": Storm,
    "slow_readers": SlowReaders,
}
"""The tables of a scenario file, without ``targets``, whose keys are names of figures."""
