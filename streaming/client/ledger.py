"""What the application has been told: so that nothing is told twice, and segments go on counting.

A resumed session repeats what may not have arrived; a new one tells again what the old one had not
settled, and numbers from 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from streaming.client.events import (
    Ack,
    Ended,
    Event,
    Final,
    Finalized,
    Language,
    Partial,
    SpeechEnded,
    SpeechStarted,
    Warned,
)
from streaming.client.timeline import Timeline

_REMEMBERED = 1024  # segments that ended: many more than may be decoded at a time, out of order


@dataclass(slots=True)
class _Channel:
    """One channel, in the application's time and numbers."""

    settled_ms: int = 0  # the end of its last final, or of what was judged no speech
    speaking_since: int | None = None
    language: str = ""


@dataclass(slots=True)
class _Shown:
    """A segment that the application has seen partials of."""

    channel: int
    start_ms: int
    end_ms: int
    revision: int


@dataclass(slots=True)
class Ledger:
    """Passes each event on in the application's time and numbers, or keeps it back."""

    timeline: Timeline
    channels: list[_Channel]
    decoded_ms: int = 0
    received_ms: int = 0
    _base: int = 0
    _next: int = 0
    _words: int = 0
    _earlier_words: int = 0
    _shown: dict[int, _Shown] = field(default_factory=dict)
    _done: set[int] = field(default_factory=set)
    _done_before: int = 0

    @classmethod
    def of(cls, timeline: Timeline, channels: int) -> Ledger:
        """Return that of a client that has not heard anything yet."""
        return cls(timeline, [_Channel() for _ in range(channels)])

    def settled_ms(self, channel: int) -> int:
        """Return up to where all that a channel said has been told for good."""
        return self.channels[channel].settled_ms

    def new_session(self, from_ms: int) -> Iterator[Event]:
        """Begin to number anew; yield what closes that which the old session left open."""
        self._base = self._next
        self._earlier_words = self._words
        for number, channel in enumerate(self.channels):
            if channel.speaking_since is not None:
                yield SpeechEnded(number, max(channel.speaking_since, from_ms))
                channel.speaking_since = None
        for segment, shown in self._shown.items():
            yield Warned(
                "suppressed",
                "the session was lost; what its audio holds is told again",
                (
                    ("channel", shown.channel),
                    ("end_ms", shown.end_ms),
                    ("reason", "session_lost"),
                    ("segment", segment),
                    ("start_ms", shown.start_ms),
                ),
            )
        self._shown.clear()

    def tell(self, event: Event) -> Event | None:
        """Return an event of the server's as the application hears it; None for what it knows."""
        at = self.timeline.at
        match event:
            case SpeechStarted():
                return self._speech_started(event.channel, at(event.at_ms))
            case SpeechEnded():
                return self._speech_ended(event.channel, at(event.at_ms))
            case Partial():
                return self._partial(
                    replace(
                        event,
                        segment=event.segment + self._base,
                        start_ms=at(event.start_ms),
                        end_ms=at(event.end_ms),
                    )
                )
            case Final():
                return self._final(event)
            case Warned(code="suppressed"):
                return self._suppressed(event)
            case Finalized():
                self._decoded(event.through_ms)
                return replace(event, through_ms=at(event.through_ms))
            case Ack():
                self._decoded(event.decoded_ms)
                self.received_ms = max(self.received_ms, at(event.received_ms))
                return Ack(self.received_ms, self.decoded_ms)
            case Language():
                return self._language(event)
            case Ended():
                return Ended(
                    at(event.audio_ms),
                    self._base + event.segments,
                    self._earlier_words + event.words,
                )
        return event

    def _decoded(self, server_ms: int) -> None:
        self.decoded_ms = max(self.decoded_ms, self.timeline.at(server_ms))
        self.timeline.settled(server_ms)

    def _speech_started(self, number: int, at_ms: int) -> SpeechStarted | None:
        channel = self._channel(number)
        if channel.speaking_since is not None:
            return None
        channel.speaking_since = at_ms
        return SpeechStarted(number, at_ms)

    def _speech_ended(self, number: int, at_ms: int) -> SpeechEnded | None:
        channel = self._channel(number)
        if channel.speaking_since is None or at_ms < channel.speaking_since:
            return None
        channel.speaking_since = None
        return SpeechEnded(number, at_ms)

    def _partial(self, told: Partial) -> Partial | None:
        shown = self._shown.get(told.segment)
        if self._is_done(told.segment):
            return None
        if shown is not None and told.revision <= shown.revision:
            return None
        self._shown[told.segment] = _Shown(told.channel, told.start_ms, told.end_ms, told.revision)
        self._next = max(self._next, told.segment + 1)
        return told

    def _final(self, event: Final) -> Final | None:
        at = self.timeline.at
        end_ms = at(event.end_ms)
        segment = event.segment + self._base
        if not self._settle(event.channel, segment, end_ms):
            return None
        self._words += len(event.words) or len(event.text.split())
        words = tuple(
            replace(word, start_ms=at(word.start_ms), end_ms=at(word.end_ms))
            for word in event.words
        )
        return replace(
            event, segment=segment, start_ms=at(event.start_ms), end_ms=end_ms, words=words
        )

    def _suppressed(self, event: Warned) -> Warned | None:
        detail = dict(event.detail)
        for name in ("start_ms", "end_ms"):
            if isinstance(value := detail.get(name), int):
                detail[name] = self.timeline.at(value)
        segment, channel, end_ms = (detail.get(n) for n in ("segment", "channel", "end_ms"))
        if isinstance(segment, int):
            detail["segment"] = segment = segment + self._base
            number = channel if isinstance(channel, int) else 0
            if not self._settle(number, segment, end_ms if isinstance(end_ms, int) else 0):
                return None
        return replace(event, detail=tuple(sorted(detail.items())))

    def _settle(self, number: int, segment: int, end_ms: int) -> bool:
        """Note that a segment is over; False where the application knows."""
        if self._is_done(segment):
            return False
        self._done.add(segment)
        if len(self._done) > _REMEMBERED:
            self._done.remove(lowest := min(self._done))
            self._done_before = lowest + 1
        channel = self._channel(number)
        channel.settled_ms = max(channel.settled_ms, end_ms)
        self._shown.pop(segment, None)
        self._next = max(self._next, segment + 1)
        return True

    def _is_done(self, segment: int) -> bool:
        return segment < self._done_before or segment in self._done

    def _language(self, event: Language) -> Language | None:
        channel = self._channel(event.channel)
        if channel.language == event.language:
            return None
        channel.language = event.language
        return event

    def _channel(self, number: int) -> _Channel:
        if 0 <= number < len(self.channels):
            return self.channels[number]
        return self.channels[0]  # a server that counts differently; the event goes through as it is
