"""Recordings heard in process: all of them, channel by channel, with the evidence kept."""

from __future__ import annotations

import numpy as np

from load.programme import Programme, Utterance
from load.rehearsal import Reasoned, Reasoning, hear
from load.wire import WireFormat
from streaming.confidence import Calibration, Evidence
from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from streaming.engine.words import TokenSpan, timed_words
from tests.support.voices import LOUD, LoudnessDetector

SECOND = 16_000


def programme(*loud: tuple[float, float], channels: int = 1, seconds: float = 6.0) -> Programme:
    """A programme that is loud between these seconds, the same on all channels but the first."""
    samples = np.zeros((channels, int(seconds * SECOND)), np.float32)
    for start, end in loud:
        stretch = slice(int(start * SECOND), int(end * SECOND))
        samples[:, stretch] = LOUD * (-1.0) ** np.arange(stretch.stop - stretch.start)
    samples[0, 3 * SECOND :] = 0.0
    utterances = tuple(Utterance("a.wav", "s", c, 0.0, seconds, "") for c in range(channels))
    return Programme("a.wav", WireFormat(channels=channels), samples, utterances, "en")


def test_all_that_is_said_is_heard_with_the_beam_asked_for() -> None:
    beams: list[int] = []

    class Listening(FakeEngine):
        def decode(self, requests: object, *, beam: int = 1) -> list[Hypothesis]:
            beams.append(beam)
            return super().decode(requests, beam=beam)  # type: ignore[arg-type]

    finals = hear(
        programme((0.4, 1.6), (4.0, 6.0), channels=2),
        Listening(),
        beam=3,
        detector=LoudnessDetector,
    )
    assert {final.channel for final in finals} == {0, 1}
    assert sum(final.channel == 1 for final in finals) == 2
    assert [final.text for final in finals if final.channel == 0] == ["w1 w2 w3"]
    assert set(beams) == {3}


def test_a_final_that_is_refused_is_decoded_again() -> None:
    def loop(request: DecodeRequest) -> Hypothesis:
        heard = count_words(request)
        return heard if request.again else Hypothesis("", (), "en", 1.0, -3.0, 0.0, 4)

    (final,) = hear(programme((0.4, 1.6)), FakeEngine(loop), beam=1, detector=LoudnessDetector)
    assert final.text == "w1 w2 w3"


def test_confidences_keep_the_evidence_they_were_made_of() -> None:
    plain = Calibration(0.9, 0.4, 0.1)
    (word,) = timed_words([TokenSpan(" a", 0, 1)], [0, 5], [0.7], 500, Reasoning(0.9, 0.4, 0.1))
    (same,) = timed_words([TokenSpan(" a", 0, 1)], [0, 5], [0.7], 500, plain)
    assert word == same
    assert isinstance(word.confidence, Reasoned)
    assert isinstance(word.confidence.evidence, Evidence)
    assert plain.confidence(word.confidence.evidence) == word.confidence


def test_they_survive_the_way_through_a_session() -> None:
    sure = Reasoned(0.6, Evidence(1.0, 2.0))

    def script(request: DecodeRequest) -> Hypothesis:
        heard = count_words(request)
        words = tuple(type(w)(w.text, w.start_ms, w.end_ms, sure) for w in heard.words)
        return Hypothesis(heard.text, words, "en", 1.0, -0.1, 0.0, 3)

    (final,) = hear(programme((0.4, 1.6)), FakeEngine(script), beam=1, detector=LoudnessDetector)
    assert final.confidence == 0.6
    assert [word.confidence for word in final.words or ()] == [sure] * 3
    assert all(isinstance(word.confidence, Reasoned) for word in final.words or ())
