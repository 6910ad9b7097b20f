"""When a session that must end may be cut: where nobody is speaking, if that comes in time.

A cut within a word is a word that neither side of it can hear. So a server that goes down goes on
listening until the segment that is being spoken has ended by itself.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

QUIET_S: Final = 1.0
"""Without audio for so long: a client that sends no more can't come to the end of its sentence."""
_LOOK_S = 0.05


class Speech(Protocol):
    """A session, as far as its speech is concerned."""

    @property
    def speaking(self) -> bool:
        """Whether a segment is open."""
        ...

    @property
    def received_ms(self) -> int:
        """Stream time received."""
        ...


async def pause(session: Speech, longest_s: float) -> None:
    """Return when nobody speaks, when no audio comes any more, or after ``longest_s``."""
    now = time.monotonic()
    until, heard_at, received = now + longest_s, now, session.received_ms
    while session.speaking and now < until and now - heard_at < QUIET_S:
        await asyncio.sleep(_LOOK_S)
        now = time.monotonic()
        if session.received_ms != received:
            heard_at, received = now, session.received_ms
