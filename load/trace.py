"""What happened in one stream: everything sent and heard, with times. Scores are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from streaming.client import Event, Final, Warned


@dataclass(frozen=True, slots=True)
class Heard:
    """An event and when it arrived, in seconds after the moment of stream time 0."""

    at_s: float
    event: Event


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a session did not end in good order."""

    code: str
    message: str
    close_code: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A ``finalize``: its id, when it was sent and how much audio had been sent before it."""

    id: str
    at_s: float
    stream_s: float


@dataclass(frozen=True, slots=True)
class Trace:
    """One session as the client saw it. Times are seconds after the moment of stream time 0."""

    heard: tuple[Heard, ...]
    sent_bytes: int
    sent_s: float
    """Seconds of audio sent."""
    end_sent_at_s: float | None
    """When ``end`` was sent."""
    lateness_s: tuple[float, ...]
    """How late each chunk was handed over, against its timetable."""
    close_code: int | None
    failure: Failure | None = None
    speed: float = 1.0
    pauses: tuple[tuple[float, float], ...] = ()
    """(stream time, seconds) of pauses in which nothing was sent."""
    finalizes: tuple[Asked, ...] = ()
    begin_s: float = 0.0
    """Stream time 0 on the harness's clock."""
    connected_s: float | None = None
    """From the beginning of the handshake to ``started``."""
    most_unsent_s: float = 0.0
    """Most audio that was due, but not taken by the server's socket."""

    def spoken_at(self, stream_s: float) -> float:
        """When stream time ``stream_s`` was spoken, on the scale of ``at_s``."""
        paused = sum(pause_s for at_s, pause_s in self.pauses if at_s < stream_s)
        return (stream_s + paused) / self.speed

    def finals_heard(self, channel: int) -> list[tuple[float, Final]]:
        """The finals of one channel with their arrivals, in order."""
        return [
            (heard.at_s, heard.event)
            for heard in self.heard
            if isinstance(heard.event, Final) and heard.event.channel == channel
        ]

    def finals(self, channel: int) -> list[Final]:
        """The finals of one channel in the order of arrival."""
        return [final for _, final in self.finals_heard(channel)]


def suppressed_segment(event: Event) -> int | None:
    """The segment that a ``suppressed`` warning ends, or ``None`` for any other event."""
    if not isinstance(event, Warned) or event.code != "suppressed":
        return None
    segment = dict(event.detail).get("segment")
    return segment if isinstance(segment, int) else None
