"""Conversations by name: those that a socket holds, and those that wait for theirs to come back.

Pure: time is handed in, in seconds of one monotonic clock. Bounds, and what happens at them: a
conversation is parked for ``resume_ms``; of more than ``most``, or than hold ``most_bytes``
together, the one parked first is given up.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from streaming.errors import UnknownSession
from streaming.principal import Principal

_NOBODYS = "0" * 32  # compared with when there is no such session, so that it takes as long


class Parkable(Protocol):
    """A conversation, as far as its place here is concerned."""

    @property
    def id(self) -> str:
        """Its public name."""
        ...

    @property
    def token(self) -> str:
        """What entitles to take it up."""
        ...

    @property
    def principal(self) -> Principal:
        """Whom it belongs to."""
        ...

    @property
    def held_bytes(self) -> int:
        """The memory that it holds, about."""
        ...

    def give_up(self, why: str) -> None:
        """End without anybody there: ``expired``, ``evicted`` or ``stopped``."""
        ...


C = TypeVar("C", bound=Parkable)


class Parking(Generic[C]):
    """All conversations that can be taken up."""

    def __init__(self, most: int, most_bytes: int, resume_ms: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._resume_s = resume_ms / 1000
        self._all: dict[str, C] = {}
        self._parked: dict[str, float] = {}

    def __len__(self) -> int:
        """How many are parked."""
        return len(self._parked)

    @property
    def resume_s(self) -> float:
        """How long one is kept."""
        return self._resume_s

    @property
    def held_bytes(self) -> int:
        """The memory that parked ones hold, about."""
        return sum(each.held_bytes for each in self.parked())

    def parked(self) -> Iterator[C]:
        """Those without a socket, the one parked first first."""
        return (self._all[name] for name in self._parked)

    def add(self, conversation: C) -> None:
        """Make a conversation known, with its socket."""
        self._all[conversation.id] = conversation

    def park(self, conversation: C, now: float) -> None:
        """Keep one that has lost its socket, as long as there is room; or give it up at once."""
        self._all[conversation.id] = conversation
        self._parked[conversation.id] = now + self._resume_s
        self.expire(now)
        while self._parked and self._too_much():
            self._end(next(iter(self._parked)), "evicted")

    def _too_much(self) -> bool:
        return len(self._parked) > self._most or self.held_bytes > self._most_bytes

    def take(self, session_id: str, token: str, principal: Principal, now: float) -> C:
        """Return the conversation that a client may take up; it counts as having its socket.

        Raises :class:`~streaming.errors.UnknownSession`, which doesn't say what was wrong.
        """
        self.expire(now)
        found = self._all.get(session_id)
        right = hmac.compare_digest(
            token.encode(errors="surrogatepass"), (found.token if found else _NOBODYS).encode()
        )
        if found is None or not right or not _same(found.principal, principal):
            raise UnknownSession(
                "resume: no such session is kept, or not for this token; open a new one",
                field="resume",
            )
        self._parked.pop(session_id, None)
        return found

    def remove(self, conversation: C) -> None:
        """Forget one that is over."""
        self._all.pop(conversation.id, None)
        self._parked.pop(conversation.id, None)

    def expire(self, now: float) -> None:
        """Give up those whose time is over."""
        for name in [name for name, until in self._parked.items() if until <= now]:
            self._end(name, "expired")

    def close(self) -> None:
        """Give up all that are parked: nobody can come back for them."""
        for name in list(self._parked):
            self._end(name, "stopped")

    def _end(self, name: str, why: str) -> None:
        del self._parked[name]
        self._all.pop(name).give_up(why)


def _same(one: Principal, other: Principal) -> bool:
    """Whether a key's session is taken up with that key; a token may have been renewed."""
    return one.key == other.key
