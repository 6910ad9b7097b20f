"""Speech whose every word says who it is: what arrives can be held against what was sent.

A word is 400 ms of sound that the voice detector takes for speech, with a mark in its first
samples: a pattern, the word's number and a checksum over everything else in it. An engine that
reads the marks (:func:`read_marks`) hears a word wherever it lies in the stream, and only if every
single sample of it has come through: a lost, doubled or changed byte loses the word.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from streaming.decoding import SAMPLES_PER_MS, DecodeRequest, Hypothesis, Word
from tests.protocol.sounds import encoded, speech

WORD_MS = 400
_WORD_SAMPLES = WORD_MS * SAMPLES_PER_MS
_QUIET_SAMPLES = 40 * SAMPLES_PER_MS  # at the end of each word, so that one can be cut off there
_PATTERN = np.array([12_345, -12_345, 5_432, -5_432], np.int16)
_HEAD = len(_PATTERN) + 4  # the pattern, 32 bits of number, 32 bits of checksum
_LETTERS = "bdfgklmnprstvz"
_VOWELS = "aeiou"

Int16 = npt.NDArray[np.int16]


def name(number: int) -> str:
    """What a word is called: syllables, so that no two texts look like a loop."""
    scrambled = number * 2_654_435_761 % 2**32
    text = ""
    while len(text) < 6 or scrambled:
        scrambled, letter = divmod(scrambled, len(_LETTERS))
        scrambled, vowel = divmod(scrambled, len(_VOWELS))
        text += _LETTERS[letter] + _VOWELS[vowel]
    return text


@lru_cache(maxsize=1)
def _sound() -> Int16:
    sound = np.frombuffer(encoded(speech(WORD_MS)), "<i2").astype(np.int16)
    sound[-_QUIET_SAMPLES:] = 0
    return sound


def marked_word(number: int) -> bytes:
    """16-bit sound of one word at 16 kHz."""
    samples = _sound().copy()
    samples[: len(_PATTERN)] = _PATTERN
    samples[len(_PATTERN) : len(_PATTERN) + 2] = np.array([number], np.uint32).view(np.int16)
    check = zlib.crc32(samples[_HEAD:].tobytes(), number)
    samples[len(_PATTERN) + 2 : _HEAD] = np.array([check], np.uint32).view(np.int16)
    return samples.astype("<i2").tobytes()


def marked(numbers: range, *, silent_ms: int = 0) -> bytes:
    """Words in a row, and silence behind them."""
    return b"".join(map(marked_word, numbers)) + bytes(silent_ms * SAMPLES_PER_MS * 2)


def said(numbers: range) -> list[str]:
    """What should be heard in :func:`marked` sound."""
    return [name(number) for number in numbers]


def read_marks(request: DecodeRequest) -> Hypothesis:
    """Hear the marked words that lie whole in a request: a script of the fake engine."""
    samples = np.rint(request.audio * 32_768).clip(-32_768, 32_767).astype(np.int16)
    words: list[Word] = []
    for start in _places(samples):
        body = samples[start : start + _WORD_SAMPLES]
        if len(body) < _WORD_SAMPLES:
            continue
        number, check = body[len(_PATTERN) : _HEAD].copy().view(np.uint32).tolist()
        if zlib.crc32(body[_HEAD:].tobytes(), number) != check:
            continue
        at = start // SAMPLES_PER_MS
        words.append(Word(" " + name(number), at, at + WORD_MS, 0.9))
    return Hypothesis(
        text="".join(word.text for word in words).strip(),
        words=tuple(words),
        language=request.language.fixed or "en",
        language_confidence=1.0,
        average_logprob=-0.1,
        no_speech=0.05,
        token_count=len(words),
    )


def _places(samples: Int16) -> list[int]:
    """Where the pattern stands."""
    (first,) = np.nonzero(samples[: -len(_PATTERN)] == _PATTERN[0])
    return [at for at in first.tolist() if (samples[at : at + len(_PATTERN)] == _PATTERN).all()]
