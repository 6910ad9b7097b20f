"""What every dialect says in its own words: commands in, events out.

A codec is pure: it turns one wire message into commands, and one event into wire messages. It
holds no socket and does no I/O, so each dialect is tested with recorded exchanges alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streaming.errors import WirescribeError
from streaming.events import Event


@dataclass(frozen=True, slots=True)
class Resume:
    """Which session to take up, and the last message of it that was received."""

    session_id: str
    token: str = field(repr=False)
    received: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a session with these options, or take up another."""

    options: Mapping[str, object]
    resume: Resume | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """Bytes of the session's format."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Configure:
    """Change options from the next segment on."""

    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Finalize:
    """Decode everything sent so far."""

    id: str | None = None


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """The client is still there."""


@dataclass(frozen=True, slots=True)
class End:
    """No more audio will come."""


Command = Start | Audio | Configure | Finalize | KeepAlive | End


@dataclass(frozen=True, slots=True)
class Started:
    """What a client is told when its session begins."""

    session_id: str
    resume_token: str
    model: str
    device: str
    language: str
    limits: Mapping[str, int]
    partial_model: str | None = None
    resumed_from_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A client waits for a place: the how manieth it is, and for how long it will probably be."""

    position: int
    eta_ms: int


@dataclass(frozen=True, slots=True)
class Ack:
    """What has arrived, and what has been decoded, in milliseconds of stream time."""

    received_ms: int
    decoded_ms: int


Notice = Event | Started | Queued | Ack


class Codec(Protocol):
    """One connection's dialect."""

    name: str
    subprotocol: str | None

    def opening(self, query: Sequence[tuple[str, str]]) -> Start | None:
        """Return the start that the URL's query asks for, or None when it says nothing."""
        ...

    def text(self, message: str) -> Sequence[Command]:
        """Read a text message; :class:`~streaming.errors.BadMessage` when it isn't one."""
        ...

    def binary(self, message: bytes) -> Sequence[Command]:
        """Read a binary message."""
        ...

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[str]:
        """Write what the session says; ``seq`` numbers what lasts."""
        ...

    def error(self, error: WirescribeError) -> Sequence[str]:
        """Write the reason for the close that follows."""
        ...
