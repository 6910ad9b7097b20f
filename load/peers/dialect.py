"""What the player needs to know of a server's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from load.peers.display import Display

Message = Mapping[str, Any]
"""One JSON message of a server."""


class Refused(Exception):
    """The server said in its own words that it won't serve this session."""


class Dialect(Protocol):
    """One session's side of a protocol: no sockets and no clock.

    ``path`` (with its query) is asked for; ``greeting`` is sent first, if any; ``farewell`` after
    the last chunk and after ``patience_s`` seconds without a new text.
    """

    path: str
    greeting: str | None
    farewell: bytes
    patience_s: float

    def is_ready(self, message: Message) -> bool:
        """Whether audio may be sent from this message on; raises ``Refused``."""

    def take(self, message: Message, at_s: float) -> Display | None:
        """What is on the screen after this message; ``None`` where it says nothing about that.

        Raises ``Refused`` where the server gives up.
        """

    def is_over(self, message: Message) -> bool:
        """Whether the server says by it that nothing more will come."""
