"""How much a request is given: samples of the window it is decoded in, and tokens to say in it."""

from __future__ import annotations

import math

from streaming.decoding import DecodeRequest, Kind

_SAMPLE_RATE = 16_000
_FULL_WINDOW_SAMPLES = 30 * _SAMPLE_RATE
# Half a window cures a doubtful short one as well as the whole does, at a quarter of its cost:
# 13 of 140 noisy recordings were in doubt, their word errors were 65 % at first, 59 % so, and
# 61 % over 30 s. The speech must leave so much of it free.
_HALF_WINDOW_SAMPLES = _FULL_WINDOW_SAMPLES // 2
_FREE_SAMPLES = 4 * _SAMPLE_RATE
_BUCKET_SAMPLES = _SAMPLE_RATE // 2
# Zeros behind the speech. Under a second the decoder loops far more often; a final has no second
# chance to be cheap, a partial does.
_PADDING_SAMPLES = {
    Kind.FINAL: 2 * _SAMPLE_RATE,
    Kind.EARLY: 2 * _SAMPLE_RATE,
    Kind.PARTIAL: _SAMPLE_RATE,
}
# No one speaks more tokens than this in a second; a loop does. Scripts that the vocabulary has
# hardly any pieces for take several tokens a letter: there, the model's own limit is the only one.
_TOKENS_PER_SECOND = 6
_MORE_TOKENS_PER_SECOND = 10
_MORE_TOKENS = frozenset(("ar", "el", "fa", "he", "ja", "ps", "sd", "th", "ur", "yi", "yue", "zh"))
_MANY_TOKENS = frozenset(
    ("am", "as", "bn", "bo", "gu", "hi", "hy", "ka", "km", "kn", "lo", "ml", "mr", "my", "ne")
) | {"pa", "sa", "si", "ta", "te"}
_SPARE_TOKENS = {Kind.FINAL: 12, Kind.EARLY: 12, Kind.PARTIAL: 4}
_CONTEXT_TOKENS = 448  # what the decoder has positions for, prompt included
_MOST_TOKENS = 224  # half of the decoder's context, as the reference implementation has it


def window_samples(request: DecodeRequest) -> int:
    """Return the samples of the window: the speech with silence behind it, 30 s at most.

    A second look gets much room behind the speech, which is slow and immune to the loops of short
    windows. A prefix helps as much, and is cheaper.
    """
    if request.again and request.prefix is None:
        half = len(request.audio) + _FREE_SAMPLES <= _HALF_WINDOW_SAMPLES
        return _HALF_WINDOW_SAMPLES if half else _FULL_WINDOW_SAMPLES
    wanted = len(request.audio) + _PADDING_SAMPLES[request.kind]
    return min(_FULL_WINDOW_SAMPLES, -(-wanted // _BUCKET_SAMPLES) * _BUCKET_SAMPLES)


def bucket(request: DecodeRequest) -> int:
    """Return a number that windows of about one length share: a row is at most a quarter padding.

    Steps of about a third of an octave.
    """
    return math.ceil(3 * math.log2(window_samples(request) / _SAMPLE_RATE))


def token_cap(request: DecodeRequest, language: str) -> int:
    """Return how many tokens may be spoken in the request's audio, and a few more.

    Behind its prefix, where it has one.
    """
    if language in _MANY_TOKENS:
        return _MOST_TOKENS
    rate = _MORE_TOKENS_PER_SECOND if language in _MORE_TOKENS else _TOKENS_PER_SECOND
    known_ms = request.prefix.duration_ms if request.prefix else 0
    seconds = (request.duration_ms - known_ms) / 1000
    return min(_MOST_TOKENS, math.ceil(rate * seconds) + _SPARE_TOKENS[request.kind])


def max_length(tokens: int, prompt: int) -> int:
    """Return the ``max_length`` with which CTranslate2 generates at most so many tokens.

    It generates ``min(max_length // 2, max_length - prompt + 1)``.
    """
    return min(_CONTEXT_TOKENS, max(2 * tokens, tokens + prompt - 1))
