"""Whether what an engine gave back can be an answer; rubbish is a fault like any other.

A broken model or device need not raise: it may answer for fewer requests than it was asked,
or with figures that are none. What is let through here a session can take.
"""

from __future__ import annotations

import math

from streaming.decoding import DecodeRequest, Hypothesis, Word

_FRAME_MS = 20  # one encoder position: times are no finer than that


class Rubbish(ValueError):
    """An answer that can't be one; names the field, never the text."""


def check_count(requests: int, answers: object) -> list[object]:
    """Return the answers as a list; Rubbish where there is not one for each request."""
    if not isinstance(answers, list | tuple):
        raise Rubbish(f"answers: {type(answers).__name__} is no list")
    if len(answers) != requests:
        raise Rubbish(f"answers: {len(answers)} to {requests} requests")
    return list(answers)


def check_answer(request: DecodeRequest, answer: object) -> Hypothesis:
    """Return the answer, being one to this request; else Rubbish."""
    if not isinstance(answer, Hypothesis):
        raise Rubbish(f"answer: {type(answer).__name__} is no hypothesis")
    if not isinstance(answer.text, str) or not isinstance(answer.language, str):
        raise Rubbish("text, language: not both are text")
    _share("language_confidence", answer.language_confidence)
    _share("no_speech", answer.no_speech)
    if not math.isfinite(answer.average_logprob):
        raise Rubbish(f"average_logprob: {answer.average_logprob}")
    if not isinstance(answer.words, tuple):
        raise Rubbish(f"words: {type(answer.words).__name__} is no tuple")
    for word in answer.words:
        _check_word(word, request.duration_ms)
    return answer


def _check_word(word: object, duration_ms: int) -> None:
    if not isinstance(word, Word) or not isinstance(word.text, str):
        raise Rubbish("words: one is no word")
    if word.confidence is not None:
        _share("confidence", word.confidence)
    start, end = word.start_ms, word.end_ms
    if start is None and end is None:
        return
    if not isinstance(start, int) or not isinstance(end, int):
        raise Rubbish("words: a time that is no whole number of milliseconds")
    if not 0 <= start <= end <= duration_ms + _FRAME_MS:
        raise Rubbish(f"words: {start} to {end} ms is not within {duration_ms} ms of audio")


def _share(name: str, value: object) -> None:
    """Refuse what is not between 0 and 1; NaN is not."""
    if not isinstance(value, int | float) or not -1e-6 <= value <= 1 + 1e-6:
        raise Rubbish(f"{name}: {value!r} is not between 0 and 1")
