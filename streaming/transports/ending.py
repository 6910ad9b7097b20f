"""How one connection comes to its end, and what becomes of the conversation that it held."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streaming.errors import (
    ClientTooSlow,
    IdleTimeout,
    RequestError,
    Restarting,
    TakenOver,
    WirescribeError,
)
from streaming.logs import get_logger
from streaming.transports.conversation import Conversation, Listener
from streaming.transports.tally import Tally

if TYPE_CHECKING:
    from streaming.service import Service

_log = get_logger(__name__)


class Ending:
    """One connection's; of several reasons the first counts.

    ``resumes``: the dialect knows how to come back, so that a conversation without a socket is kept
    for a while.
    """

    def __init__(self, service: Service, *, resumes: bool) -> None:
        self.lost = False
        """Whether the client has gone, or can't be reached."""
        self._service = service
        self._resumes = resumes
        self._come = asyncio.Event()
        self._failure: WirescribeError | None = None
        self._concluding = False

    async def wait(self) -> None:
        """Return when it has come."""
        await self._come.wait()

    # -- what brings it about ------------------------------------------------------------------

    def over(self) -> None:
        """All has been said, or the conversation has failed."""
        self._come.set()

    def lose(self) -> None:
        """The client has gone, or can't be reached."""
        self.lost = True
        self._come.set()

    def displaced(self) -> None:
        """Another socket has the conversation."""
        self._failure = TakenOver("another connection has resumed this session")
        self._come.set()

    def fail(self, error: WirescribeError, conversation: Conversation | None) -> None:
        """End with an error."""
        if self._failure is None:
            self._failure = error
            if not isinstance(error, IdleTimeout) and self.reason(conversation) is error:
                _log.info("session_refused", code=error.code, field=error.field)
        self._come.set()

    async def conclude(
        self, error: WirescribeError, conversation: Conversation | None, deadline_s: float
    ) -> None:
        """End with an error; behind the finals, where decoding is not what has failed."""
        self._concluding = True
        if conversation is not None:
            self._service.parking.remove(conversation)
            if isinstance(error, RequestError | Restarting):
                error = await conversation.conclude(error, deadline_s)
        self.fail(error, conversation)

    # -- what comes of it ----------------------------------------------------------------------

    def reason(self, conversation: Conversation | None) -> WirescribeError | None:
        """Why it ends, if not in good order: what was wrong with the session counts first."""
        if conversation is None:
            return self._failure
        return None if conversation.finished else conversation.failure or self._failure

    def let_go(self, conversation: Conversation | None, listener: Listener, tally: Tally) -> None:
        """Part with the conversation: it is over, or waits for another socket."""
        reason = self.reason(conversation)
        if conversation is None:
            if not isinstance(reason, TakenOver):
                tally.ended(reason, None, finished=not self.lost)
            return
        parking = self._service.parking
        conversation.detach(listener)
        if conversation.finished:
            conversation.close()
            tally.ended(None, conversation.session, finished=True)
            if conversation.outbox.delivered or not self._park(conversation):
                parking.remove(conversation)  # else until it is known to have heard so
        elif reason is not None and not isinstance(reason, ClientTooSlow):
            parking.remove(conversation)
            conversation.close()
            tally.ended(reason, conversation.session, finished=False)
        elif self._concluding or not self._park(conversation):
            parking.remove(conversation)
            conversation.give_up("stopped")

    def _park(self, conversation: Conversation) -> bool:
        """Keep the conversation for a while, where anybody could come back for it."""
        return self._resumes and self._service.park(conversation)
