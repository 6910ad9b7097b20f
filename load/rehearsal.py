"""Recordings heard in this process: a session and the engine, without sockets, pace or load.

What comes out are the finals that a client would get from an idle server, decoded with one beam
size throughout: the same every time, and faster than real time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from load.programme import Programme
from streaming.audio.formats import AudioFormat, Encoding
from streaming.confidence import Calibration, Evidence
from streaming.engine.base import Engine
from streaming.events import Event, Final
from streaming.options import SessionConfig
from streaming.session import Session
from streaming.vad import VadConfig, VoiceDetector

_CHUNK_MS = 100


class Reasoned(float):
    """A confidence that still has the evidence it was made of."""

    __slots__ = ("evidence",)
    evidence: Evidence

    def __new__(cls, confidence: float, evidence: Evidence) -> Reasoned:
        """The confidence itself is the float."""
        made = super().__new__(cls, confidence)
        made.evidence = evidence
        return made


@dataclass(frozen=True, slots=True)
class Reasoning(Calibration):
    """A calibration whose confidences keep their evidence, for an engine to be loaded with."""

    def confidence(self, evidence: Evidence) -> float:
        """The chance that the word is right, as a :class:`Reasoned`."""
        return Reasoned(Calibration.confidence(self, evidence), evidence)


def hear(
    programme: Programme,
    engine: Engine,
    *,
    beam: int,
    detector: Callable[[VadConfig], VoiceDetector] = VoiceDetector,
) -> list[Final]:
    """The finals of all channels, in the order in which they came."""
    form = programme.format
    session = Session(
        SessionConfig(
            audio=AudioFormat(Encoding(form.encoding), form.sample_rate, form.channels),
            language=programme.language,
            partials=False,
        ),
        detector=detector,
    )
    audio = form.encode(programme.samples)
    chunk = form.frame_bytes * (form.sample_rate * _CHUNK_MS // 1000)
    events: list[Event] = []
    for at in range(0, len(audio), chunk):
        events += session.receive_audio(audio[at : at + chunk])
        events += _decode_all(session, engine, beam)
    events += session.end()
    events += _decode_all(session, engine, beam)
    return [event for event in events if isinstance(event, Final)]


def _decode_all(session: Session, engine: Engine, beam: int) -> Iterator[Event]:
    while work := list(session.work()):
        request = work[0]
        session.begin(request)
        yield from session.work_done(request, engine.decode([request], beam=beam)[0])
