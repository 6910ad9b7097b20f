"""What has been taken of one client's audio and requests, whatever socket it came by.

A client that comes back sends audio again from the last whole millisecond that is a whole sample,
and asks again for what it has heard no answer to. What is here already is known by its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from streaming.audio.formats import AudioFormat

_MOST_REPEATS = 512


class Intake:
    """One session's; places are bytes of its audio."""

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._taken = 0
        self._again = 0
        self._asked: deque[tuple[str, int]] = deque(maxlen=_MOST_REPEATS)
        self._unanswered: set[str | None] = set()
        self._repeats: set[str] = set()

    # -- audio ---------------------------------------------------------------------------------

    def new(self, data: bytes) -> bytes:
        """Return what of the client's next bytes is not here already."""
        if not self._again:
            return data
        known = min(self._again, len(data))
        self._again -= known
        return data[known:]

    def took(self, size: int) -> None:
        """Count bytes that are in the session now."""
        self._taken += size

    # -- requests ------------------------------------------------------------------------------

    def is_repeat(self, name: str) -> bool:
        """Whether a request is one sent again behind a cut; each of those comes once."""
        if name not in self._repeats:
            return False
        self._repeats.discard(name)
        return True

    def asked(self, name: str) -> None:
        """Note a request, made behind all that has been taken."""
        self._unanswered.add(name)
        self._asked.append((name, self._taken))

    def answered(self, name: str | None) -> None:
        """Note that its answer has been given."""
        self._unanswered.discard(name)

    # -- going on ------------------------------------------------------------------------------

    @property
    def resumed_from_ms(self) -> int:
        """From where audio is to be sent again: a whole millisecond, and a whole sample."""
        return self._place_to_go_on()[0]

    def resume(self, waiting: Iterable[str | None]) -> None:
        """Go on from there; the answers that are ``waiting`` have not been sent yet."""
        self._again = self._place_to_go_on()[1]
        # A client may ask again, at another place, for what it has not heard the answer to.
        place, unheard = self._taken - self._again, self._unanswered.union(waiting)
        self._repeats = {name for name, at in self._asked if at >= place or name in unheard}

    def _place_to_go_on(self) -> tuple[int, int]:
        """That, and the bytes behind it that are here already."""
        audio = self._audio
        samples = self._taken // audio.bytes_per_frame
        ms = samples * 1000 // audio.sample_rate // audio.step_ms * audio.step_ms
        return ms, self._taken - ms * audio.sample_rate // 1000 * audio.bytes_per_frame
