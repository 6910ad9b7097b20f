"""Real speech for the fake microphone, with what is said in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from tests.browser.sounds import RATE, read_speech, silence, synthesised, write_wav
from tests.support.recordings import speech_folder

# Recordings and what is said in them. Taken from the folder of recordings where there is one, else
# spoken by espeak-ng. The folder's were said by people; a synthesiser is understood less well.
TWENTY_SECONDS = {
    "ljspeech/LJ001-0005.flac": "the invention of movable metal letters in the middle of the "
    "fifteenth century may justly be considered as the invention of the art of printing.",
    "short_misc/jfk.wav": "And so, my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country.",
}
TEN_SECONDS = {
    "ljspeech/LJ001-0006.flac": "And it is worth mention in passing that, as an example of fine "
    "typography,",
    "cmu_arctic/cmu_arctic_us_aew_a0003.wav": "For the twentieth time that evening the two men "
    "shook hands.",
}
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


def speech_for_microphone(folder: Path, said: Mapping[str, str]) -> Speech:
    """Sentences with pauses between them; skips where there is nothing to take them from."""
    try:
        recorded = speech_folder()
    except pytest.skip.Exception:
        try:
            parts = [synthesised(text, folder) for text in said.values()]
        except FileNotFoundError:
            pytest.skip("neither recordings nor espeak-ng to take speech from")
        tolerance = 0.35
    else:
        parts = [read_speech(recorded / name) for name in said]
        tolerance = 0.1
    pauses = [silence(1), *[silence(1.6) for _ in parts[1:]]]
    samples = np.concatenate([piece for pair in zip(pauses, parts, strict=True) for piece in pair])
    return Speech(
        write_wav(folder / "speech.wav", np.concatenate([samples, silence(TAIL_S)])),
        " ".join(said.values()),
        len(samples) / RATE,
        tolerance,
    )
