"""One who speaks through the shipped client, over a network that breaks, and checks every word."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from streaming.client import Backoff, Stream, connect
from streaming.client.errors import ClientError
from streaming.client.events import Ended, Event, Final, Finalized, Reconnected, Reconnecting
from tests.support.marked import marked, said

_CHUNK_MS = 100


@dataclass(slots=True)
class Talk:
    """What one stream said and what it got."""

    spoken: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    asked: int = 0
    answered: int = 0
    resumed: int = 0
    begun_anew: int = 0
    lost_ms: int = 0
    reasons: list[str] = field(default_factory=list)
    ended: bool = False
    error: str = ""

    def faults(self) -> list[str]:
        """What is wrong with it: nothing, if all is well."""
        found = []
        if self.error:
            found.append(self.error)
        lost, doubled = differences(self.spoken, self.heard)
        if lost or doubled:
            found.append(f"{lost} words lost, {doubled} doubled of {len(self.spoken)}")
        elif self.heard != self.spoken:
            found.append("words out of order")
        if len(set(self.segments)) != len(self.segments) or self.segments != sorted(self.segments):
            found.append(f"segments {self.segments}")
        if self.asked != self.answered:
            found.append(f"{self.answered} answers to {self.asked} finalizes")
        if self.lost_ms:
            found.append(f"{self.lost_ms} ms given up")
        if not self.ended:
            found.append("no ended")
        return found


def differences(spoken: Sequence[str], heard: Sequence[str]) -> tuple[int, int]:
    """How many words are missing, and how many came too often or from nowhere."""
    want, got = Counter(spoken), Counter(heard)
    return (want - got).total(), (got - want).total()


@dataclass(frozen=True, slots=True)
class Manner:
    """How one speaks: utterances of so many words, and how much faster than time."""

    utterances: int
    longest: int = 6
    speed: float = 10.0
    finalizes: float = 0.2
    silent_ms: int = 1_000


async def talk(
    url: str,
    manner: Manner,
    first: int,
    dice: random.Random,
    *,
    token: str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Talk:
    """Speak, end, and return what came of it. Words are numbered from ``first`` on."""
    result = Talk()
    plan = _plan(manner, first, dice)
    try:
        async with contextlib.AsyncExitStack() as stack:
            stream = await _open(stack, url, token)
            listening = asyncio.create_task(_listen(stream, result, on_event))
            try:
                await _speak(stream, plan, manner, result)
                await listening
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    except ClientError as error:
        result.error = f"{type(error).__name__}: {error}"
    return result


async def _open(stack: contextlib.AsyncExitStack, url: str, token: str | None) -> Stream:
    """Connect; again where the very first connection is cut, which the client leaves to us."""
    patience = Backoff(base_ms=20, max_ms=300, attempts=60)
    for attempt in itertools.count():
        try:
            opening = connect(url, token=token, language="en", reconnect=patience)
            return await stack.enter_async_context(opening)
        except ClientError as error:
            delay_ms = patience.delay_ms(attempt)
            if not error.retryable or delay_ms is None:
                raise
            await asyncio.sleep(delay_ms / 1000)
    raise AssertionError


async def _speak(
    stream: Stream, plan: list[tuple[range, int, bool]], manner: Manner, result: Talk
) -> None:
    for numbers, silent_ms, finalize in plan:
        result.spoken += said(numbers)
        audio = marked(numbers, silent_ms=silent_ms)
        for at in range(0, len(audio), _CHUNK_MS * 32):
            await stream.send(audio[at : at + _CHUNK_MS * 32])
            await asyncio.sleep(_CHUNK_MS / 1000 / manner.speed)
        if finalize:
            await stream.finalize()
            result.asked += 1
    await stream.end()


def _plan(manner: Manner, first: int, dice: random.Random) -> list[tuple[range, int, bool]]:
    plan = []
    word = first
    for _ in range(manner.utterances):
        count = dice.randint(1, manner.longest)
        silent_ms = manner.silent_ms + dice.randrange(0, 400, 20)
        plan.append((range(word, word + count), silent_ms, dice.random() < manner.finalizes))
        word += count
    return plan


async def _listen(
    stream: Stream, result: Talk, on_event: Callable[[Event], None] | None = None
) -> None:
    async for event in stream:
        if on_event is not None:
            on_event(event)
        match event:
            case Final():
                result.heard += event.text.split()
                result.segments.append(event.segment)
            case Finalized():
                result.answered += 1
            case Reconnecting():
                result.reasons.append(event.code)
            case Reconnected():
                result.resumed += event.resumed
                result.begun_anew += not event.resumed
                result.lost_ms += event.lost_ms
            case Ended():
                result.ended = True
