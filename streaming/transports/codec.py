"""What every dialect says in its own words: commands in, events out.

A codec is pure: it turns one wire message into commands, and one event into wire messages. It
holds no socket and does no I/O, so each dialect is tested with recorded exchanges alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streaming.errors import WirescribeError
from streaming.events import Event
from streaming.media.live import Coding


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
class Coded:
    """Bytes of the dialect's :attr:`Codec.coding`, which are to be decoded on their way."""

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


@dataclass(frozen=True, slots=True)
class Aside:
    """Something of the dialect's own, told in its turn among what the session says.

    Made by a codec that reads, and read by the same codec's :meth:`Codec.write`; to everybody
    between, it is nothing. One said before the session has begun is told at once.
    """

    what: Any = field(repr=False)


Command = Start | Audio | Coded | Configure | Finalize | KeepAlive | End | Aside


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


Notice = Event | Started | Queued | Ack | Aside
Frame = str | bytes
"""A text message or a binary one."""


@dataclass(frozen=True, slots=True)
class Denial:
    """What an upgrade is answered with instead: a dialect's own words for a refusal."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Codec(Protocol):
    """One connection's dialect; what a dialect has no special ways of need not be written."""

    name: str
    subprotocol: str | None = None
    """Echoed where the client offers it."""

    by_handshake: bool = False
    """Whether the handshake says it all: no message can bring a key or other options later, so
    that a missing key and options that can't be had are refused before it is answered."""

    resumes: bool = False
    """Whether a session outlives its socket: somebody can come back for it."""

    idle_ms: int | None = None
    """The longest that nothing may come, where that is shorter than the server's own."""

    coding: Coding | None = None
    """How audio is coded, where it is, as :meth:`opening` has found; the session's own format is
    then that of what is decoded."""

    headers: Mapping[str, str] = {}
    """Sent with the answer to the handshake."""

    def secret(self, offered: Sequence[str]) -> str | None:
        """Return a key or token that stands in subprotocols offered in the dialect's own way."""
        return None

    def hello(self) -> Sequence[Frame]:
        """Write what a client is told first of all, before it has said anything."""
        return ()

    def opening(self, query: Sequence[tuple[str, str]]) -> Start | None:
        """Return the start that the URL's query asks for, or None when it says nothing.

        What is raised here is answered instead of the handshake.
        """
        ...

    def text(self, message: str) -> Sequence[Command]:
        """Read a text message; :class:`~streaming.errors.BadMessage` when it isn't one."""
        ...

    def binary(self, message: bytes) -> Sequence[Command]:
        """Read a binary message."""
        ...

    def decoded(self, sound: bytes) -> Sequence[Command]:
        """Take what has become of :class:`Coded` audio."""
        return [Audio(sound)]

    def write(self, notice: Notice, seq: int | None = None) -> Sequence[Frame]:
        """Write what the session says; ``seq`` numbers what lasts."""
        ...

    def error(self, error: WirescribeError) -> Sequence[Frame]:
        """Write the reason for the close that follows."""
        ...

    def forgive(self, command: Command, error: WirescribeError) -> Aside | None:
        """Return what is told where a command can't be obeyed and the session goes on.

        None ends it with the error. What else the same message asked for is left out.
        """
        return None

    def close(self, error: WirescribeError) -> tuple[int, str]:
        """Return the close frame's code and reason."""
        return error.close_code, error.code

    def denial(self, error: WirescribeError) -> Denial | None:
        """Return the answer to an upgrade that is refused; None for the server's own."""
        return None
