"""What a decoder is given to go on from: the client's context, the task, words known already."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Protocol

from streaming.decoding import DecodeRequest, Task

_MOST_PROMPT_TOKENS = 128
# Prompts are filled up in front to a multiple of this, so that sessions with different ones can
# share a batch. Of several fillers measured, "..." alone cost neither accuracy nor hotwords.
_PROMPT_STEP_TOKENS = 16
_PROMPT_FILLER = "..."


class Vocabulary(Protocol):
    """What is asked of a tokenizer for one language and task."""

    @property
    def eot(self) -> int:
        """The token at the end of a text; those of text are below it."""

    @property
    def sot_prev(self) -> int:
        """The token in front of what was said before."""

    @property
    def sot_sequence(self) -> list[int]:
        """The tokens that name language and task."""

    @property
    def no_timestamps(self) -> int:
        """The token that asks for text without times."""

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text."""


class Prompts:
    """The tokens in front of those that are generated, by request."""

    def __init__(self, vocabulary: Callable[[str, str], Vocabulary]) -> None:
        """``vocabulary`` gives the tokenizer for a language and a task."""
        self._vocabulary = vocabulary
        self._context = functools.lru_cache(maxsize=1024)(self._encode_context)

    @functools.cached_property
    def eot(self) -> int:
        """The token at the end of a text."""
        return self._any.eot

    def length(self, request: DecodeRequest) -> int:
        """How many tokens stand in front of a request's task."""
        return len(self._context(request.prompt, request.hotwords))

    def prefix(self, request: DecodeRequest) -> list[int]:
        """The tokens of what is known to be said first: what the decoder has to go on from."""
        return self._text(request.prefix.text) if request.prefix is not None else []

    def full(self, request: DecodeRequest, language: str) -> list[int]:
        """Context and task, for what is spoken in ``language``; the prefix comes behind them."""
        vocabulary = self._vocabulary(language, request.task.value)
        return [
            *self._context(request.prompt, request.hotwords),
            *vocabulary.sot_sequence,
            vocabulary.no_timestamps,
        ]

    @property
    def _any(self) -> Vocabulary:
        return self._vocabulary("en", Task.TRANSCRIBE.value)

    def _text(self, text: str) -> list[int]:
        """Special tokens that somebody wrote out are left out: they would give the model orders."""
        return [token for token in self._any.encode(text) if token < self.eot]

    def _encode_context(self, prompt: str, hotwords: tuple[str, ...]) -> tuple[int, ...]:
        """Text the model believes was said before: names first, the running text last.

        Of names too many the first are kept, of a text too long the end.
        """

        def encoded(text: str) -> list[int]:
            return self._text(" " + text.strip()) if text.strip() else []

        names, text = encoded(", ".join(hotwords)), encoded(prompt)
        room = max(_MOST_PROMPT_TOKENS - len(text), _MOST_PROMPT_TOKENS // 2)
        names = names[:room]
        ids = names + text[max(0, len(text) + len(names) - _MOST_PROMPT_TOKENS) :]
        filler = self._any.encode(_PROMPT_FILLER)[:1] * (-len(ids) % _PROMPT_STEP_TOKENS)
        return (self._any.sot_prev, *filler, *ids) if ids else ()
