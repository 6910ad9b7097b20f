"""What one message asks of a conversation, step by step, and what of it can be forgiven."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streaming.errors import BadMessage, RequestError, WirescribeError
from streaming.transports.codec import Aside, Command, Start
from streaming.transports.conversation import Conversation, Listener

Forgive = Callable[[Command, WirescribeError], Aside | None]
"""See :meth:`~streaming.transports.codec.Codec.forgive`."""


async def follow(
    conversation: Conversation,
    commands: Iterable[Command],
    listener: Listener,
    languages: Iterable[str],
    forgive: Forgive,
) -> None:
    """Do what a message asks, one command after the other.

    ``forgive`` may have something to say of one that can't be done: the rest is then left out, and
    the session goes on. Otherwise raises why.
    """
    for command in commands:
        if isinstance(command, Start):
            raise BadMessage("type: 'start' came twice, or after audio", field="type")
        try:
            await conversation.obey(command, listener, languages)
        except RequestError as error:
            pardon = forgive(command, error)
            if pardon is None:
                raise
            conversation.tell(pardon)
            return
