"""Where uploads are taken: so many at a time, in their order, each as long as its client is there.

A request at the desk is a connection to the service like any other: it is told of a drain, and
waited for. It takes no session's place: what it needs is only the time that speakers leave.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.types import Receive

from streaming.decoding import DecodeRequest
from streaming.errors import Overloaded, Restarting, WirescribeError
from streaming.media import Sound
from streaming.principal import Principal
from streaming.rest.decode import Recording, opened
from streaming.rest.upload import Spool

if TYPE_CHECKING:
    from streaming.service import Service

_LATER_MS = 10_000


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class Background:
    """What a recording is to those who look at all that is live: no work that waits."""

    recording: Recording | None = None

    @property
    def active(self) -> bool:
        """Whether its sound is being decoded."""
        return self.recording is not None

    @property
    def backlog_ms(self) -> int:
        """Nothing that anybody should worry about: files wait for their time."""
        return 0

    def work(self) -> Iterable[DecodeRequest]:
        """Likewise: it isn't work that waits."""
        return ()


class Visit(Background):
    """One request at the desk, from its first byte to its last."""

    def __init__(self, transport: str, receive: Receive) -> None:
        self.transport = transport
        self.all_received = asyncio.Event()
        """Set by whoever has read the body: from then on it is known when the client leaves."""
        self._receive = receive
        self._refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done = asyncio.Event()

    async def drain(self, deadline_s: float) -> None:
        """Let it finish, until then."""
        try:
            async with asyncio.timeout(deadline_s):
                await self._done.wait()
        except TimeoutError:
            if not self._refused.done():
                self._refused.set_exception(
                    Restarting("the server is restarting; send the recording again")
                )
            await self._done.wait()

    async def see_through(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, as long as the client is there and the server stays.

        Raises what it raises, :class:`ClientGone`, or Restarting.
        """
        task = asyncio.create_task(work)
        leaving = asyncio.create_task(self._left())
        waits: list[asyncio.Future[Any]] = [task, leaving, self._refused]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                if self._refused.done():
                    self._refused.result()
                raise ClientGone
            task.result()
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
            self._done.set()

    async def _left(self) -> None:
        await self.all_received.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Desk:
    """All uploads of a server: who is received, who waits, who is being decoded."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._limits = service.settings.files
        self._turns = asyncio.Semaphore(self._limits.at_once)
        self._visits = 0

    @property
    def visits(self) -> int:
        """How many are there."""
        return self._visits

    @asynccontextmanager
    async def visit(
        self, request: Request, principal: Principal, transport: str
    ) -> AsyncIterator[Visit]:
        """Take a request in; raises Overloaded, Restarting or QuotaExceeded where it can't be."""
        service, limits = self._service, self._limits
        service.check_life()
        address = service.gate.read(request.scope).peer.address
        service.admission.knock(address)
        if self._visits >= limits.at_once + limits.max_waiting:
            raise Overloaded(
                f"{self._visits} recordings are being received or wait; try again later",
                retry_after_ms=_LATER_MS,
            )
        account = service.admission.quotas.account(principal, address, service.admission.clock())
        account.open(service.admission.clock())
        visit = Visit(transport, request.receive)
        self._visits += 1
        service.join(visit)
        try:
            yield visit
        finally:
            service.part(visit)
            self._visits -= 1
            account.close()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is this one's turn to be decoded."""
        async with self._turns:
            yield

    def opened(self, spool: Spool, *, mix: bool) -> AbstractAsyncContextManager[Sound]:
        """Open an upload as sound; see :func:`~streaming.rest.decode.opened`."""
        return opened(spool.file, spool.name, mix=mix, patience_s=self._limits.decoder_idle_s)

    def counter(self, request: Request, principal: Principal) -> Counter:
        """Return who counts a client's audio."""
        return Counter(self._service, principal, self.address(request))

    def address(self, request: Request) -> str:
        """Return where a request comes from."""
        return self._service.gate.read(request.scope).peer.address

    def most_ms(self, principal: Principal) -> int:
        """Return how long a recording a client may have heard."""
        most_ms = self._limits.max_audio_s * 1000
        return min(most_ms, principal.max_session_ms or most_ms)


class Counter:
    """Counts audio of a client against its quotas; QuotaExceeded where the hour's is used up."""

    def __init__(self, service: Service, principal: Principal, address: str) -> None:
        self._service = service
        now = service.admission.clock()
        self._account = service.admission.quotas.account(principal, address, now)

    async def __call__(self, duration_ms: float) -> None:
        """Count so much more."""
        self._account.audio(duration_ms, self._service.admission.clock())
        self._service.metrics.audio_received(duration_ms / 1000)


def outcome(error: BaseException | None) -> str:
    """How a visit ended: ``done``, ``lost``, ``refused`` or ``failed``."""
    if error is None:
        return "done"
    if isinstance(error, ClientGone | asyncio.CancelledError):
        return "lost"
    server_side = not isinstance(error, WirescribeError) or error.http_status >= 500
    return "failed" if server_side and not isinstance(error, Overloaded) else "refused"
