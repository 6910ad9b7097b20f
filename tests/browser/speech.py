"""Real speech for the fake microphone, with what is said in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from tests.browser.sounds import RATE, read_speech, silence, synthesised, write_wav
from tests.support.recordings import speech_folder

# Taken from the folder of recordings where there is one, else spoken by espeak-ng. The folder's
# were said by people; a synthesiser is understood less well.
RECORDINGS = ("ljspeech/LJ001-0005.flac", "short_misc/jfk.wav")
REFERENCES = (
    "the invention of movable metal letters in the middle of the fifteenth century may justly be "
    "considered as the invention of the art of printing.",
    "And so, my fellow Americans, ask not what your country can do for you, ask what you can do "
    "for your country.",
)
# The microphone goes on after the last word, as a real one does.
TAIL_S = 30


@dataclass(frozen=True, slots=True)
class Speech:
    """What the microphone plays, what is said in it, and how much of it may be misheard."""

    wav: Path
    reference: str
    seconds: float
    tolerance: float

    def error_rate(self, heard: str) -> float:
        """Share of misheard words, without case, punctuation and spelling of numbers."""
        normalise = EnglishTextNormalizer()
        return float(jiwer.wer(normalise(self.reference), normalise(heard) or "-"))


def speech_for_microphone(folder: Path) -> Speech:
    """Two sentences with a pause between them; skips where there is nothing to take them from."""
    try:
        recorded = speech_folder()
    except pytest.skip.Exception:
        try:
            parts = [synthesised(text, folder) for text in REFERENCES]
        except FileNotFoundError:
            pytest.skip("neither recordings nor espeak-ng to take speech from")
        tolerance = 0.35
    else:
        parts = [read_speech(recorded / name) for name in RECORDINGS]
        tolerance = 0.1
    samples = np.concatenate([silence(1), parts[0], silence(1.6), parts[1]])
    return Speech(
        write_wav(folder / "speech.wav", np.concatenate([samples, silence(TAIL_S)])),
        " ".join(REFERENCES),
        len(samples) / RATE,
        tolerance,
    )
