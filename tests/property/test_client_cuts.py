"""Any cuts at any moments, sessions kept or gone: every word is told once, where it was said.

The server is a model that knows the words by their samples: it hears a word only if each of them
has come through, in order. What it has said may be lost on the way.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.client import (
    Ack,
    AudioLost,
    ConnectionLostError,
    Ended,
    Event,
    Final,
    Limits,
    Partial,
    ServerError,
    Started,
    Warned,
)
from streaming.client.continuity import Continuity
from streaming.client.options import Options

SMALL = Limits(max_message_bytes=200)
RATE = 1000  # a sample is a millisecond, and its value says which


@dataclass(frozen=True)
class Said:
    """A word that somebody says."""

    channel: int
    start: int
    end: int


@dataclass
class Session:
    """What a server has received, heard and said."""

    name: str
    channels: list[list[int]]
    out: list[tuple[int | None, Event]] = field(default_factory=list)
    kept: list[tuple[int, Event]] = field(default_factory=list)
    began: dict[Said, tuple[int, int]] = field(default_factory=dict)
    done: set[Said] = field(default_factory=set)
    looked: dict[Said, int] = field(default_factory=dict)
    segments: int = 0
    ended: bool = False

    @property
    def received(self) -> int:
        """Frames."""
        return len(self.channels[0])

    def say(self, event: Event, *, lasts: bool = False) -> None:
        """Put an event on its way."""
        number = len(self.kept) + 1 if lasts else None
        if number is not None:
            self.kept.append((number, event))
        self.out.append((number, event))

    def hear(self, words: list[Said], data: bytes) -> None:
        """Take audio, and say what is in it."""
        samples = struct.unpack(f"<{len(data) // 2}H", data)
        for number, channel in enumerate(self.channels):
            channel += samples[number :: len(self.channels)]
        for word in words:
            if word not in self.done:
                self._look_for(word)

    def _look_for(self, word: Said) -> None:
        samples = self.channels[word.channel]
        if word not in self.began:
            looked, self.looked[word] = self.looked.get(word, 0), len(samples)
            if word.start + 1 not in samples[looked:]:
                return
            self.began[word] = (self.segments, samples.index(word.start + 1))
            self.segments += 1
            segment, start = self.began[word]
            self.say(Partial(segment, 1, word.channel, start, self.received, "…"))
        if self.received >= self.began[word][1] + word.end - word.start:
            self.settle(word)

    def settle(self, word: Said) -> None:
        """Say what became of a word, once its time is over."""
        segment, start = self.began[word]
        end = start + word.end - word.start
        self.done.add(word)
        if self.channels[word.channel][start:end] == list(range(word.start + 1, word.end + 1)):
            self.say(Final(segment, word.channel, start, end, f"{word.start}"), lasts=True)
        else:  # broken by a gap
            detail = (("channel", word.channel), ("end_ms", end), ("segment", segment))
            self.say(Warned("suppressed", "", detail), lasts=True)

    def acknowledge(self) -> None:
        """Say how far everything is decided."""
        undecided = [start for word, (_, start) in self.began.items() if word not in self.done]
        self.say(Ack(self.received, min([self.received, *undecided])))


class World:
    """A client, and servers that come and go."""

    def __init__(self, words: list[Said], channels: int, continuity: Continuity) -> None:
        self.words = words
        self.client = continuity
        self.total = max((word.end for word in words), default=0) + 50
        self.channels = channels
        self.session: Session | None = None
        self.connected = False
        self.sessions = 0
        self.sent = 0
        self.heard: list[Event] = []
        self.sound = self._sound()

    def speak(self, ms: int) -> None:
        """The application sends so much more."""
        end = min(self.total, self.sent + ms)
        size = 2 * self.channels
        self.heard += self.client.append(self.sound[self.sent * size : end * size])
        self.sent = end

    def _sound(self) -> bytes:
        frames = [[0] * self.channels for _ in range(self.total)]
        for word in self.words:
            for frame in range(word.start, word.end):
                frames[frame][word.channel] = frame + 1
        return b"".join(struct.pack(f"<{self.channels}H", *frame) for frame in frames)

    def connect(self) -> None:
        """A new connection; the session is resumed if there is one to resume."""
        start = json.loads(self.client.opening())
        resume, session = start.get("resume"), self.session
        if resume is not None and session is not None and resume["session_id"] == session.name:
            session.out = [(n, e) for n, e in session.kept if n > resume["received"]]
            said = Started(session.name, "t", limits=SMALL, resumed_from_ms=session.received)
        elif resume is not None:
            self.client.closed(ServerError("", code="unknown_session", retryable=False))
            self.connect()
            return
        else:
            self.sessions += 1
            self.session = Session(f"s{self.sessions}", [[] for _ in range(self.channels)])
            said = Started(self.session.name, "t", limits=SMALL)
        self.heard += self.client.received(said)
        self.connected = True

    def carry(self, pieces: int) -> None:
        """So many messages reach the server."""
        for _ in range(pieces):
            if self.session is None or not self.connected:
                return
            message = self.client.outgoing()
            if isinstance(message, bytes):
                self.session.hear(self.words, message)
            elif message is None:
                return
            elif not self.session.ended:
                self.session.ended = True
                for word in self.session.began.keys() - self.session.done:
                    self.session.settle(word)
                count = sum(isinstance(event, Final) for _, event in self.session.kept)
                ended = Ended(self.session.received, self.session.segments, count)
                self.session.say(ended, lasts=True)

    def answer(self, events: int) -> None:
        """So many events reach the client."""
        if self.session is None or not self.connected:
            return
        for number, event in self.session.out[:events]:
            self.heard += self.client.received(event, number)
        del self.session.out[:events]

    def cut(self, *, killed: bool) -> None:
        """The connection is lost, and everything on its way; with ``killed`` the session, too."""
        if self.connected:
            self.client.closed(ConnectionLostError(1006))
        self.connected = False
        if killed:
            self.session = None

    def finish(self) -> None:
        """Nothing goes wrong any more."""
        while self.sent < self.total:
            self.speak(1000)
        self.client.end()
        if not self.connected:
            self.connect()
        while not any(isinstance(event, Ended) for event in self.heard):
            self.carry(1000)
            self.answer(1000)

    def do(self, action: str, size: int) -> None:
        """One of the things that happen."""
        match action:
            case "speak":
                self.speak(size)
            case "connect" if not self.connected:
                self.connect()
            case "carry":
                self.carry(size)
            case "answer":
                self.answer(size)
            case "acknowledge" if self.session is not None:
                self.session.acknowledge()
            case "cut" | "kill":
                self.cut(killed=action == "kill")


def speech(random: Random) -> tuple[list[Said], int]:
    """Words on one channel or two, none over another on its own channel."""
    channels = random.choice((1, 2))
    words = []
    for channel in range(channels):
        at = 0
        for _ in range(random.randint(2, 8)):
            at += random.choice((0, 10, 300, 900))
            words.append(Said(channel, at, at + random.randint(20, 700)))
            at = words[-1].end
    return words, channels


def events(random: Random) -> Iterator[tuple[str, int]]:
    """What happens, in a network that is bad in this way or that."""
    kinds = ("speak", "connect", "carry", "answer", "acknowledge", "cut", "kill")
    weights = (6, 6, 6, 6, 3, random.choice((1, 3)), random.choice((0, 1, 2)))
    for kind in random.choices(kinds, weights, k=random.randint(10, 80)):
        largest = {"speak": 600, "carry": 12, "answer": 5}.get(kind, 1)
        yield kind, random.randint(1, largest)


def finals(world: World) -> list[Final]:
    return [event for event in world.heard if isinstance(event, Final)]


def named(final: Final) -> tuple[int, str]:
    return final.channel, final.text


def closed_segments(world: World) -> Iterator[int]:
    for event in world.heard:
        if isinstance(event, Final):
            yield event.segment
        elif isinstance(event, Warned) and event.code == "suppressed":
            yield int(dict(event.detail)["segment"] or 0)


def told_once_and_in_place(world: World) -> None:
    """What holds whatever happens."""
    for final in finals(world):
        word = next(w for w in world.words if (w.channel, f"{w.start}") == named(final))
        assert (final.start_ms, final.end_ms) == (word.start, word.end)
    told = [named(final) for final in finals(world)]
    assert len(told) == len(set(told)), "a word was told twice"
    shown = {event.segment for event in world.heard if isinstance(event, Partial)}
    closed = list(closed_segments(world))
    assert shown <= set(closed)
    assert len(closed) == len(set(closed)), "a segment ended twice"
    ended = world.heard[-1]
    assert isinstance(ended, Ended)
    assert ended.audio_ms == world.total
    assert ended.words == len(told)
    for channel in range(world.channels):
        numbers = [final.segment for final in finals(world) if final.channel == channel]
        assert numbers == sorted(numbers)


def play(seed: int, *, buffer_ms: int = 60_000, drop_oldest: bool = False) -> World:
    random = Random(seed)
    words, channels = speech(random)
    options = Options(sample_rate=RATE, channels=channels)
    it = Continuity(options, buffer_ms=buffer_ms, drop_oldest=drop_oldest)
    world = World(words, channels, it)
    for kind, size in events(random):
        world.do(kind, size)
    world.finish()
    return world


SEEDS = st.integers(0, 2**32)


@settings(max_examples=120, deadline=None)
@given(SEEDS)
def test_no_word_is_lost_and_none_told_twice(seed: int) -> None:
    world = play(seed)
    told_once_and_in_place(world)
    assert sorted((f.channel, f.start_ms) for f in finals(world)) == sorted(
        (w.channel, w.start) for w in world.words
    )
    assert not any(isinstance(event, AudioLost) for event in world.heard)


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(100, 2000))
def test_what_is_lost_for_want_of_room_is_said_and_nothing_else_is(
    seed: int, buffer_ms: int
) -> None:
    world = play(seed, buffer_ms=buffer_ms, drop_oldest=True)
    told_once_and_in_place(world)
    lost = sorted(
        (event for event in world.heard if isinstance(event, AudioLost)), key=lambda it: it.from_ms
    )
    for before, after in pairwise(lost):
        assert before.from_ms + before.lost_ms <= after.from_ms, "told twice"
    told = {(final.channel, final.start_ms) for final in finals(world)}
    for word in world.words:
        if (word.channel, word.start) not in told:
            assert any(
                gap.from_ms < word.end and word.start < gap.from_ms + gap.lost_ms for gap in lost
            ), word
