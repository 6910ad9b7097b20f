"""What a client is known to have: pings behind what is sent, and the pongs that come back.

A WebSocket answers a ping by itself and in order, so its pong proves that everything before it has
arrived, without a word of the protocol above. The layer below offers this as an ASGI extension of
ours (:mod:`streaming.transports.websocket`); where there is none, nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, Final, Protocol

EXTENSION: Final = "wirescribe.pings"
_ASK_EVERY = 32  # numbered messages sent without asking


class Pings(Protocol):
    """One socket's pings with a number, and who hears of their pongs."""

    heard: Callable[[int], None]

    def ping(self, number: int) -> None:
        """Send one behind what has been sent."""
        ...


class Receipts:
    """Asks after messages of one socket, not more often than needed."""

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self._pings: Pings | None = (scope.get("extensions") or {}).get(EXTENSION)
        self._last = 0
        self._asked = 0

    @property
    def known(self) -> bool:
        """Whether anything can be known."""
        return self._pings is not None

    def hear(self, arrived: Callable[[int], None]) -> None:
        """Tell ``arrived`` the last number that is known to have arrived, each time it grows."""
        if self._pings is not None:
            self._pings.heard = arrived

    def sent(self, seq: int | None, *, more: bool) -> None:
        """Note what was sent, and whether ``more`` follows at once; ask, unless it can wait."""
        self._last = max(self._last, seq or 0)
        waiting = self._last - self._asked
        if self._pings is not None and waiting > 0 and (not more or waiting >= _ASK_EVERY):
            self._asked = self._last
            self._pings.ping(self._asked)
