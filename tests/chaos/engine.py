"""An engine that hears marked words, and fails in every way on request."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from streaming.decoding import DecodeRequest, Hypothesis, Word
from streaming.engine.fake import FakeEngine
from tests.support.marked import read_marks

KINDS = ("raise", "oom", "stall", "die", "short", "long", "none", "rubbish", "slow")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the next ``count`` batches, in which only sound counts.

    ``raise`` and ``oom`` throw, ``die`` ends the thread's call with what no ``except Exception``
    catches, ``stall`` doesn't return for ``seconds``, ``slow`` takes that long and then answers,
    ``short`` and ``long`` give the wrong number of answers, ``none`` gives no answers at all,
    ``rubbish`` gives hypotheses that make no sense.
    """

    kind: str
    count: int = 1
    seconds: float = 0.0


class ChaosEngine(FakeEngine):
    """Hears marked words; ``fault`` says what goes wrong next. Decoding may be paced as well."""

    def __init__(self, *, delay_s: float = 0.0, concurrency: int = 1, seed: int = 1) -> None:
        super().__init__(read_marks, delay_s=delay_s, concurrency=concurrency)
        self._dice = random.Random(seed)
        self._fault: Fault | None = None
        self._left = 0
        self._guard = threading.Lock()
        self._go_on = threading.Event()
        self.struck = 0

    def strike(self, fault: Fault | None) -> None:
        """Let a fault happen from the next batch on; None ends whatever happens, stalls too."""
        with self._guard:
            self._fault, self._left = fault, fault.count if fault else 0
            self._go_on.set()
            self._go_on = threading.Event()

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Answer, or do what the fault says."""
        fault, go_on = self._next(requests)
        if fault is None:
            answers = super().decode(requests, beam=beam)
            self.batches.clear()  # an hour of audio is no test's business
            return answers
        match fault.kind:
            case "raise":
                raise RuntimeError("the engine was told to fail")
            case "oom":
                raise RuntimeError("CUDA failed with error out of memory")
            case "die":
                raise SystemExit("the engine was told to die")
            case "stall":
                go_on.wait(fault.seconds)
                raise RuntimeError("the engine was told to stall")
            case "slow":
                time.sleep(fault.seconds)
        answers = super().decode(requests, beam=beam)
        match fault.kind:
            case "short":
                return answers[:-1]
            case "long":
                return [*answers, *answers]
            case "none":
                return cast(list[Hypothesis], None)
            case "rubbish":
                return [_rubbish(self._dice, request) for request in requests]
        return answers

    def _next(self, requests: Sequence[DecodeRequest]) -> tuple[Fault | None, threading.Event]:
        with self._guard:
            if not self._left or not any(request.audio.any() for request in requests):
                return None, self._go_on
            self._left -= 1
            self.struck += 1
            return self._fault, self._go_on


def _rubbish(dice: random.Random, request: DecodeRequest) -> Hypothesis:
    """A hypothesis of the right type and nothing else: times, text and figures are anything."""
    anything: list[Any] = [None, float("nan"), float("inf"), -1, 10**12, 0]

    def text() -> str:
        return "".join(chr(dice.randrange(1, 0xD7FF)) for _ in range(dice.randrange(9)))

    words = tuple(
        Word(
            dice.choice(["", " ", " a", " " + text(), "\0", "\u202e"]),
            dice.choice([*anything[3:], None, request.duration_ms]),
            dice.choice([*anything[3:], None, request.duration_ms]),
            dice.choice([*anything[:4], 0.5]),
        )
        for _ in range(dice.randrange(30))
    )
    return Hypothesis(
        text=dice.choice([text(), "".join(word.text for word in words)]),
        words=words,
        language=dice.choice(["", "en", "xx", text()]),
        language_confidence=dice.choice(anything[1:]),
        average_logprob=dice.choice(anything[1:]),
        no_speech=dice.choice(anything[1:]),
        token_count=dice.choice([-1, 0, 10**6]),
        looped=dice.random() < 0.3,
    )
