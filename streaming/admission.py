"""Who gets a place: at once, after a wait in the line, or not.

A place is to be had while there are fewer sessions than the hard cap and the workers have time for
another speaker (:mod:`streaming.room`), and within the quotas of who asks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from streaming.errors import Overloaded, QuotaExceeded, WirescribeError
from streaming.headroom import Reading
from streaming.principal import Principal
from streaming.quotas import Account, Quotas, rate_limit_headers
from streaming.room import Room
from streaming.waiting import Line, Ticket

_GRACE_S: Final = 1.0  # for the first audio of one let in
_SETTLING_S: Final = 1.5  # from first audio to the first measurement
_EACH_S: Final = 0.25  # the line is looked at so often
_AT_THE_DOOR: Final = 64  # sockets that may be open beside those that have a place or wait
_AGAIN_S: Final = 5.0  # who waits is told so often, changed or not

Tell = Callable[[int, int], None]
"""Hears position and milliseconds to expect, while waiting; must not raise."""


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """Bounds: sessions, share of the workers' time for what lasts, lateness of finals, the line."""

    max_sessions: int
    ceiling: float
    late_s: float
    max_waiting: int
    max_wait_s: float


class Watcher(Protocol):
    """Whoever counts."""

    def admitted(self, waited_s: float | None) -> None:
        """One was let in; ``waited_s`` where it had to wait."""
        ...

    def turned_away(self, reason: str) -> None:
        """One was not, or left the line."""
        ...


class Place:
    """One session's place; give it back with :meth:`leave`."""

    def __init__(self, admission: Admission, account: Account, now: float) -> None:
        self._admission = admission
        self._account: Account | None = account
        self._quiet = True
        self.expected_until = now + _GRACE_S

    def audio(self, duration_ms: float) -> None:
        """Count audio; :class:`~streaming.errors.QuotaExceeded` when the hour's is used up."""
        now = self._admission.clock()
        if self._quiet:
            self._quiet = False
            self.expected_until = now + _SETTLING_S
            self._admission.expect(self)
        if self._account is not None:
            self._account.audio(duration_ms, now)

    @property
    def limits(self) -> dict[str, int]:
        """The caps of its key and address, to be told in ``started``."""
        return self._account.published(self._admission.clock()) if self._account else {}

    def leave(self) -> None:
        """Give the place back; again is nothing."""
        if self._account is not None:
            self._account.close()
            self._account = None
            self._admission.freed(self)


@dataclass(eq=False, slots=True)
class _Wait:
    account: Account
    place: asyncio.Future[Place]
    tell: Tell


class Admission:
    """Gives out places; runs on one event loop."""

    def __init__(
        self,
        limits: AdmissionLimits,
        quotas: Quotas,
        *,
        opened: Callable[[], None],
        read: Callable[[float], Reading],
        returning: Callable[[], bool] = lambda: False,
        watcher: Watcher,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``opened`` raises while nobody is let in; ``read`` tells the load.

        ``returning``: whether a session is kept that its client may come back for.
        """
        self.clock = clock
        self.quotas = quotas
        self._limits = limits
        self._room = Room(
            limits.max_sessions, ceiling=limits.ceiling, late_s=limits.late_s, read=read
        )
        self.slots = self._room.slots
        self._opened = opened
        self._returning = returning
        self._watcher = watcher
        self._line = Line(limits.max_waiting)
        self._waits: dict[Ticket, _Wait] = {}
        self._timer: asyncio.TimerHandle | None = None

    # -- at the door -----------------------------------------------------------------------------

    def knock(self, address: str) -> None:
        """Count a handshake; :class:`~streaming.errors.QuotaExceeded` where there are too many."""
        try:
            self.quotas.knock(address, self.clock())
        except QuotaExceeded:
            self._watcher.turned_away("connections")
            raise

    def look(self, principal: Principal, address: str, sockets: int = 0) -> None:
        """Raise what :meth:`enter` would raise at once; before a handshake is answered.

        ``sockets`` are open already, some of which may not have come so far as to enter. Nobody is
        turned away for want of a place while sessions are parked: it may be one of them that comes
        back.
        """
        try:
            self._opened()
            now = self.clock()
            limits = self._limits
            if sockets >= limits.max_sessions + limits.max_waiting + _AT_THE_DOOR:
                raise self._line.refusal("too many connections that have not begun", now)
            self.quotas.account(principal, address, now).check(now)
            if not self._returning():
                self._must_be_taken(_owner(principal, address), now)
        except WirescribeError as error:
            self._watcher.turned_away(_reason(error))
            raise

    async def enter(self, principal: Principal, address: str, tell: Tell) -> Place:
        """Return a place, at once or after a wait of which ``tell`` hears.

        Raises Overloaded, QuotaExceeded, or what ``opened`` raises. Cancelling leaves the line.
        """
        try:
            self._opened()
            now = self.clock()
            account = self.quotas.account(principal, address, now)
            account.open(now)
        except WirescribeError as error:
            self._watcher.turned_away(_reason(error))
            raise
        try:
            owner = _owner(principal, address)
            self._must_be_taken(owner, now)
            if not self._line and self._room.for_another(now):
                place = self._seat(account, now)
                self._watcher.admitted(None)
                return place
            return await self._wait(owner, account, tell, now)
        except WirescribeError as error:
            account.close()
            self._watcher.turned_away(_reason(error))
            raise
        except asyncio.CancelledError:
            account.close()
            self._watcher.turned_away("left")
            raise

    async def _wait(self, owner: str, account: Account, tell: Tell, now: float) -> Place:
        ticket = self._line.join(owner, now)
        wait = _Wait(account, asyncio.get_running_loop().create_future(), tell)
        self._waits[ticket] = wait
        self._tell(ticket, wait, now)
        self._again()
        try:
            place = await wait.place
        except asyncio.CancelledError:
            if wait.place.done() and not wait.place.cancelled() and not wait.place.exception():
                self._give_up(wait.place.result())
            raise
        finally:
            self._line.leave(ticket)
            self._waits.pop(ticket, None)
        self._watcher.admitted(self.clock() - ticket.since)
        return place

    def _must_be_taken(self, owner: str, now: float) -> None:
        if (self._line or not self._room.for_another(now)) and self._line.full(owner):
            if self.slots.full:
                message = f"all {self.slots.capacity} sessions of this server are taken"
            else:
                message = "the server has no time to decode another session"
            raise self._line.refusal(message, now)

    # -- places ----------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    @property
    def full(self) -> bool:
        """Whether the next one would have to wait or be turned away."""
        return bool(self._line) or not self._room.for_another(self.clock())

    def reading(self) -> Reading:
        """The load as it is."""
        return self._room.reading(self.clock())

    def expect(self, place: Place) -> None:
        """Count a place as a speaker's until it is measured."""
        self._room.expect(place)

    def freed(self, place: Place) -> None:
        """Take a place back."""
        self._give_up(place)
        if self._line:
            asyncio.get_running_loop().call_soon(self.tick)

    def _give_up(self, place: Place) -> None:
        self._room.forget(place)
        self.slots.free()
        if not self._line:  # else it counts when the next one is called
            self._line.pace.freed(self.clock())

    def _seat(self, account: Account, now: float) -> Place:
        self.slots.take()
        place = Place(self, account, now)
        self._room.expect(place)
        return place

    # -- the line --------------------------------------------------------------------------------

    def tick(self) -> None:
        """Look at the line: call whom there is room for, send away who has waited too long."""
        now = self.clock()
        while self._line and self._room.for_another(now) and (ticket := self._line.call()):
            wait = self._waits[ticket]
            if not wait.place.done():
                self._line.pace.freed(now)
                wait.place.set_result(self._seat(wait.account, now))
        for ticket in list(self._line):
            wait = self._waits[ticket]
            if now - ticket.since >= self._limits.max_wait_s and not wait.place.done():
                self._line.leave(ticket)
                message = f"no place came free within {self._limits.max_wait_s:g} s"
                wait.place.set_exception(self._line.refusal(message, now))
            else:
                self._tell(ticket, wait, now)
        self._again()

    def close(self, error: WirescribeError) -> None:
        """Send everyone away who waits."""
        for wait in self._waits.values():
            if not wait.place.done():
                wait.place.set_exception(error)

    def _tell(self, ticket: Ticket, wait: _Wait, now: float) -> None:
        position, at = ticket.told
        if ticket.position != position or now - at >= _AGAIN_S:
            ticket.told = (ticket.position, now)
            wait.tell(ticket.position, self._line.pace.eta_ms(ticket.position, now))

    def _again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._line:
            self._timer = asyncio.get_running_loop().call_later(_EACH_S, self.tick)

    # -- what the refused are told ---------------------------------------------------------------

    def headers(self, principal: Principal, address: str) -> dict[str, str]:
        """Return how the client's quotas stand, as HTTP fields."""
        now = self.clock()
        quotas = [
            *self.quotas.knocking(address, now),
            *self.quotas.account(principal, address, now).quotas(now),
        ]
        return rate_limit_headers(quotas)


def _owner(principal: Principal, address: str) -> str:
    """Who takes turns in the line: keys, and addresses without one."""
    return f"key {principal.key}" if principal.key else f"address {address}"


def _reason(error: WirescribeError) -> str:
    if isinstance(error, QuotaExceeded):
        return error.field or "quota"
    return "overloaded" if isinstance(error, Overloaded) else error.code
