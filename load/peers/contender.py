"""The servers that can be compared: how each is started, played and read."""

from __future__ import annotations

import os
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import streaming
from load.clock import Clock
from load.peers import whisperlive, whisperlivekit, wirescribe
from load.peers.dialect import Dialect
from load.peers.display import Played
from load.peers.environment import Environment
from load.peers.player import PeerSession, play_peer
from load.peers.server import Launch, free_port
from load.schedule import Schedule
from load.stream import Session, play
from load.wire import WireFormat
from streaming.client.options import Options

_HERE = Path(__file__).parent
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True, slots=True)
class Part:
    """What one stream plays: 16-bit samples on a timetable, in a language."""

    audio: bytes = field(repr=False)
    format: WireFormat
    schedule: Schedule
    language: str | None
    drain_s: float
    warm_up: bool = False
    """Whether a first text is all that is wanted, so that the model has decoded once."""


Play = Callable[[str, Part, Clock], Awaitable[Played]]


@dataclass(frozen=True, slots=True)
class Contender:
    """One server of the comparison.

    ``tells_final``: its protocol calls text final before the session is over. ``settings`` says in
    words how it is run; ``extra`` are further arguments for its command line.
    """

    name: str
    label: str
    settings: str
    tells_final: bool
    play: Play
    command: Callable[[Path, int, Path, Sequence[str]], list[str]]
    ready_path: str | None
    requirements: Path | None = None
    variables: tuple[tuple[str, str], ...] = ()
    extra: tuple[str, ...] = ()

    def environment(self, cache: Path) -> Environment | None:
        """Where its packages are kept; ``None`` for our own server."""
        if self.requirements is None:
            return None
        return Environment(self.requirements.stem, self.requirements, cache)

    def versions(self) -> dict[str, str]:
        """Its own version and those of the packages that decode."""
        if self.requirements is None:
            return {"wirescribe": streaming.__version__}
        pins = Environment(self.name, self.requirements, Path()).versions()
        shown = ("whisper-live", "whisperlivekit", "faster-whisper", "ctranslate2")
        return {name: pins[name] for name in shown if name in pins}

    def with_extra(self, arguments: Sequence[str]) -> Contender:
        """The same with further arguments."""
        return replace(self, extra=(*self.extra, *arguments))

    def launch(self, python: Path, model_dir: Path) -> Launch:
        """How to start it on a free port."""
        port = free_port()
        return Launch(
            command=self.command(python, port, model_dir, self.extra),
            port=port,
            environment={**_OFFLINE, **dict(self.variables)},
            ready_path=self.ready_path,
        )


def contenders() -> dict[str, Contender]:
    """All of them by name, ours first."""
    # Nothing of ours on a peer's path: neither the folder of its launcher nor the one we run in.
    alone = (("PYTHONSAFEPATH", "1"), ("PYTHONPATH", ""))
    threads = (*alone, ("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0)))))
    return {
        one.name: one
        for one in (
            Contender(
                name="wirescribe",
                label="Wirescribe",
                settings="defaults",
                tells_final=True,
                play=_play_ours,
                command=lambda python, port, model, extra: wirescribe.command(port, model, extra),
                ready_path="/readyz",
            ),
            Contender(
                name="whisperlive",
                label="WhisperLive",
                settings="faster_whisper, one model for all clients, a thread for every CPU",
                tells_final=True,
                play=_play_whisperlive,
                command=whisperlive.command,
                ready_path=None,
                requirements=_HERE / "whisperlive.txt",
                variables=threads,
            ),
            Contender(
                name="whisperlivekit",
                label="WhisperLiveKit, SimulStreaming",
                settings="its default policy: encoder from CTranslate2, decoder in PyTorch, the "
                "same weights; raw samples, a thread for every CPU",
                tells_final=False,
                play=_play_whisperlivekit,
                command=whisperlivekit.simul_streaming,
                ready_path="/health",
                requirements=_HERE / "whisperlivekit.txt",
                variables=threads,
            ),
            Contender(
                name="whisperlivekit-la",
                label="WhisperLiveKit, LocalAgreement",
                settings="LocalAgreement over faster-whisper, raw samples, a thread for every CPU",
                tells_final=False,
                play=_play_whisperlivekit,
                command=whisperlivekit.local_agreement,
                ready_path="/health",
                requirements=_HERE / "whisperlivekit.txt",
                variables=threads,
            ),
        )
    }


async def _play_ours(url: str, part: Part, clock: Clock) -> Played:
    options = Options(
        encoding=part.format.encoding,
        sample_rate=part.format.sample_rate,
        language=part.language,
    )
    address = f"{url}/v1/stream"
    session = Session(address, part.audio, part.format, part.schedule, options, part.drain_s)
    return wirescribe.as_played(await play(session, clock))


async def _play_whisperlive(url: str, part: Part, clock: Clock) -> Played:
    dialect = whisperlive.WhisperLive(part.language, uid=str(uuid.uuid4()))
    return await _play_dialect(url, dialect, part, clock)


async def _play_whisperlivekit(url: str, part: Part, clock: Clock) -> Played:
    return await _play_dialect(url, whisperlivekit.WhisperLiveKit(part.language), part, clock)


async def _play_dialect(url: str, dialect: Dialect, part: Part, clock: Clock) -> Played:
    session = PeerSession(
        part.audio,
        part.format,
        part.schedule,
        drain_s=part.drain_s,
        until_text=part.warm_up,
    )
    return await play_peer(url, dialect, session, clock)
