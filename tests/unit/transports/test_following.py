"""What one message asks for, one thing after the other; what is forgiven ends the message only."""

from __future__ import annotations

import pytest

from streaming.errors import BadConfiguration, BadMessage, WirescribeError
from streaming.transports.codec import Aside, Audio, Command, Configure, Notice, Start
from streaming.transports.conversation import Conversation, Listener
from streaming.transports.following import follow


class Told:
    """A conversation that takes what it is asked, but for languages."""

    def __init__(self) -> None:
        self.obeyed: list[Command] = []
        self.told: list[Notice] = []

    async def obey(self, command: Command, listener: Listener, languages: object) -> None:
        if isinstance(command, Configure):
            raise BadConfiguration("language: 'xx' is not spoken here", field="language")
        self.obeyed.append(command)

    def tell(self, notice: Notice) -> None:
        self.told.append(notice)


async def _follow(told: Told, *commands: Command, pardon: Aside | None = None) -> None:
    def forgive(command: Command, error: WirescribeError) -> Aside | None:
        assert command is commands[1]
        return pardon

    it: Conversation = told  # type: ignore[assignment]
    listener: Listener = None  # type: ignore[assignment]
    await follow(it, commands, listener, ("en",), forgive)


SOUND = Audio(b"\0\0")


async def test_commands_are_obeyed_in_their_order() -> None:
    told = Told()
    await _follow(told, SOUND, Aside("so"))
    assert told.obeyed == [SOUND, Aside("so")]
    assert not told.told


async def test_what_is_not_forgiven_is_raised() -> None:
    with pytest.raises(BadConfiguration, match="xx"):
        await _follow(Told(), SOUND, Configure({"language": "xx"}))


async def test_what_is_forgiven_is_told_and_the_rest_of_the_message_left_out() -> None:
    told = Told()
    await _follow(told, SOUND, Configure({"language": "xx"}), SOUND, pardon=Aside("no"))
    assert told.obeyed == [SOUND]
    assert told.told == [Aside("no")]


async def test_a_session_starts_once() -> None:
    with pytest.raises(BadMessage, match="twice"):
        await _follow(Told(), SOUND, Start({}))
