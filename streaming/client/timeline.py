"""Where the audio of a server's session lies in the application's own time.

A server counts what it received. The application's time goes on over several sessions, and over
audio that had to be given up: a list of anchors leads from one to the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from streaming.client.sound import Sound


@dataclass(frozen=True, slots=True)
class _Anchor:
    """From this byte of the server's stream on, that byte of the application's is what it hears."""

    server: int
    application: int


class Timeline:
    """The anchors of the session that runs, and how far its audio has been sent."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._anchors = [_Anchor(0, 0)]
        self._server = 0

    @property
    def server_ms(self) -> int:
        """Audio sent in this session."""
        return self._sound.ms(self._server)

    def restart(self, application: int) -> None:
        """Begin a session whose first byte is that one of the application's."""
        self._anchors = [_Anchor(0, application)]
        self._server = 0

    def resume(self, server_ms: int) -> int:
        """Go on at a moment of the session; return the application's byte that comes next."""
        self._server = self._sound.position(server_ms)
        first, *later = self._anchors
        self._anchors = [first, *(a for a in later if a.server <= self._server)]
        last = self._anchors[-1]
        return last.application + self._server - last.server

    def sent(self, size: int) -> None:
        """Count bytes that have been sent."""
        self._server += size

    def leap(self, silence: int, application: int) -> None:
        """Note that after so many bytes of silence another byte of the application's follows."""
        first, *later = self._anchors  # a leap not yet taken ends in this one
        self._anchors = [first, *(a for a in later if a.server <= self._server)]
        self._anchors.append(_Anchor(self._server + silence, application))

    def settled(self, server_ms: int) -> None:
        """Forget the anchors that nothing behind this moment can need."""
        position = self._sound.position(server_ms)
        while len(self._anchors) > 1 and self._anchors[1].server <= position:
            del self._anchors[0]

    def at(self, server_ms: int) -> int:
        """Return a moment of the session in the application's time."""
        position = self._sound.position(server_ms)
        anchor = self._anchors[0]
        for later in self._anchors:
            if later.server <= position:
                anchor = later
        return server_ms + self._sound.ms(anchor.application - anchor.server)
