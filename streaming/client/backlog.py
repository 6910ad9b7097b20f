"""The application's audio under a bound, and what gives way at it."""

from __future__ import annotations

from streaming.client.replay import ReplayBuffer
from streaming.client.sound import Sound

LONGEST_SEGMENT_MS = 45_000
"""More than any segment: an upper bound for audio that a server can't settle before more comes."""


class Backlog:
    """A replay buffer of ``buffer_ms`` at most.

    At the bound the application waits (``room``), or with ``drop_oldest`` the oldest audio is given
    up. ``acknowledges``, where it is asked for, says whether the server tells what it has settled.
    """

    def __init__(self, sound: Sound, *, buffer_ms: int, drop_oldest: bool) -> None:
        self.audio = ReplayBuffer(sound.frame_bytes)
        self.drops = drop_oldest
        self._bound = max(sound.position(buffer_ms), sound.frame_bytes)
        # Less than a segment would wait for a final that waits for more audio.
        self._kept = max(self._bound, sound.position(LONGEST_SEGMENT_MS))

    def room(self, size: int, *, acknowledges: bool, unread: bool = False) -> bool:
        """Whether ``append`` would keep all that may have to be sent again.

        ``unread``: the acknowledgements that make room can't come in.
        """
        if self.drops:
            return True
        if self.audio.unsent and self.audio.unsent + size > self._bound:
            return False
        if unread or not acknowledges or not self.audio.held:
            return True
        return self.audio.held + size <= self._kept

    def append(
        self, chunk: bytes | memoryview, *, acknowledges: bool, flows: bool
    ) -> tuple[int, int]:
        """Take audio; return from where to where sound that was still to be sent was given up.

        What was sent, and only not acknowledged, goes first: it is lost only with the connection.
        ``flows``: a connection takes audio now.
        """
        audio = self.audio
        audio.append(chunk)
        before = audio.cursor
        if not self.drops:
            if not acknowledges or audio.held > 2 * self._kept:
                audio.release(audio.end - self._bound)
        elif audio.held > self._bound:
            until = audio.end - self._bound
            if flows and until > before:
                # A network too slow for speech: one gap that helps, not one after every chunk.
                until = min(until + self._bound // 8, audio.end)
            audio.drop(until)
        return before, max(before, audio.start)
