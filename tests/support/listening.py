"""One session driven in this process, without a server or a clock: audio in, events out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streaming.decoding import DecodeRequest, Hypothesis, Kind
from streaming.engine.base import Engine
from streaming.events import Event, Final, LanguageDetected, Partial, Suppressed
from streaming.options import SessionConfig
from streaming.session import Session

Samples = npt.NDArray[np.float32]
_CHUNK = 1_600
_SECOND_LOOK_BEAM = 5  # as a server has it


@dataclass(slots=True)
class Heard:
    """What a session said, and what was asked of the engine for it."""

    events: list[Event] = field(default_factory=list)
    requests: list[DecodeRequest] = field(default_factory=list)

    @property
    def finals(self) -> list[Final]:
        """The finals, in order."""
        return [event for event in self.events if isinstance(event, Final)]

    @property
    def partials(self) -> list[Partial]:
        """The partials, in order."""
        return [event for event in self.events if isinstance(event, Partial)]

    @property
    def suppressed(self) -> list[Suppressed]:
        """The segments that were refused."""
        return [event for event in self.events if isinstance(event, Suppressed)]

    @property
    def languages(self) -> list[str]:
        """The languages announced, in order."""
        return [event.language for event in self.events if isinstance(event, LanguageDetected)]

    @property
    def text(self) -> str:
        """All that was finally heard."""
        return " ".join(final.text for final in self.finals)

    @property
    def detections(self) -> int:
        """How often the engine was asked for a language."""
        return sum(request.language.fixed is None for request in self.requests)


def listen(
    engine: Engine,
    samples: Samples,
    config: SessionConfig,
    *,
    beam: int = 1,
    then: Sequence[tuple[int, Callable[[Session], object]]] = (),
) -> Heard:
    """Play mono 16 kHz audio in chunks of 100 ms, decoding at once whatever is due.

    ``then`` are (milliseconds, what to do with the session when so much has been played). Finals
    get the ``beam``. Without partials, early finals are left out, too.
    """
    session, heard, steps = Session(config), Heard(), sorted(then, key=lambda step: step[0])

    def work() -> None:
        while offers := [
            request for request in session.work() if config.partials or request.kind is Kind.FINAL
        ]:
            for request in offers:
                session.begin(request)
                heard.requests.append(request)
                heard.events += session.work_done(request, _answer(engine, request, beam))

    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    for start in range(0, len(pcm), 2 * _CHUNK):
        while steps and steps[0][0] * 32 <= start:
            steps.pop(0)[1](session)
        heard.events += session.receive_audio(pcm[start : start + 2 * _CHUNK])
        work()
    heard.events += session.end()
    work()
    return heard


def _answer(engine: Engine, request: DecodeRequest, beam: int) -> Hypothesis:
    if request.kind is Kind.PARTIAL:
        beam = 1
    elif request.again:
        beam = max(beam, _SECOND_LOOK_BEAM)
    (answer,) = engine.decode([request], beam=beam)
    return answer


def joined(parts: Sequence[Samples], gap_s: float) -> Samples:
    """Recordings one after the other at one loudness, digital silence between them."""
    gap = np.zeros(int(gap_s * 16_000), np.float32)
    pieces: list[Samples] = []
    for part in parts:
        level = float(np.sqrt(np.mean(np.square(part))))
        pieces += [part * np.float32(0.07 / level), gap]
    whole: Samples = np.concatenate(pieces)
    return whole
