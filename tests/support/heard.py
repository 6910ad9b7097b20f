"""What an engine may have heard, made up word by word."""

from __future__ import annotations

import dataclasses

from streaming.decoding import Hypothesis, Word


def said(*texts: str, **fields: object) -> Hypothesis:
    """Words of 300 ms from the start of the request's audio on."""
    words = tuple(
        Word(f" {text}", i * 300, (i + 1) * 300, 0.5 + i / 100) for i, text in enumerate(texts)
    )
    plain = Hypothesis(
        " ".join(texts), words, "en", 0.9,
        average_logprob=-0.2, no_speech=0.1, token_count=len(words),
    )  # fmt: skip
    return dataclasses.replace(plain, **fields)  # type: ignore[arg-type]
