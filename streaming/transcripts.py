"""What sessions said: finals in memory, while a session lasts and for a bounded time behind it.

Pure: time is handed in, in seconds of one monotonic clock. Bounds, and what happens at them: of a
session that says more than ``session_bytes``, the oldest finals are forgotten; when all together
hold more than ``all_bytes``, the session that ended first is, and only then the oldest finals of
the one that goes on; what has ended is forgotten ``keep_s`` later.
"""

from __future__ import annotations

import hmac
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streaming.errors import UnknownSession
from streaming.events import Final
from streaming.finals import pack_final, unpack_final
from streaming.principal import Principal

_NOBODYS = "0" * 32  # compared with when there is no such session, so that it takes as long
_TRANSCRIPT_BYTES = 1_024  # of one that says nothing, about


@dataclass(frozen=True, slots=True)
class TranscriptBounds:
    """How much is kept, in bytes of memory, about; and for how long."""

    session_bytes: int
    all_bytes: int
    keep_s: float


class Transcript:
    """One session's finals in the order they came, packed: an hour of speech takes half a MiB."""

    def __init__(
        self,
        session_id: str,
        token: str,
        principal: Principal,
        channel_names: Sequence[str],
        home: Transcripts,
    ) -> None:
        self.session_id = session_id
        self.token = token
        self.principal = principal
        self.channel_names = tuple(channel_names)
        self.held_bytes = _TRANSCRIPT_BYTES
        self.ended = False
        self.complete = True
        """False once its oldest finals have been forgotten."""
        self._home = home
        self._finals: deque[bytes] = deque()

    @property
    def finals(self) -> list[Final]:
        """Those that are kept."""
        return [unpack_final(each) for each in self._finals]

    def add(self, final: Final) -> None:
        """Keep a final; one without text, or behind the end, is none of them."""
        if self.ended or not final.text:
            return
        packed = pack_final(final)
        size = sys.getsizeof(packed)
        self._finals.append(packed)
        self.held_bytes += size
        self._home.grown(self, size)

    def end(self, now: float) -> None:
        """Note that no more will come; again, it changes nothing."""
        if not self.ended:
            self.ended = True
            self._home.end(self, now)

    def forget_oldest(self) -> int:
        """Forget the oldest final; return how much it held, 0 when there is none."""
        if not self._finals:
            return 0
        size = sys.getsizeof(self._finals.popleft())
        self.held_bytes -= size
        self.complete = False
        return size


class Transcripts:
    """All of a server's; ``ended`` is called whenever one has ended, to have it forgotten later."""

    def __init__(self, bounds: TranscriptBounds, ended: Callable[[], None] = lambda: None) -> None:
        self._bounds = bounds
        self._heard_of_end = ended
        self._all: dict[str, Transcript] = {}
        self._ended: dict[str, float] = {}
        self._held_bytes = 0

    def __len__(self) -> int:
        return len(self._all)

    @property
    def keep_s(self) -> float:
        """How long one is kept behind its end."""
        return self._bounds.keep_s

    @property
    def held_bytes(self) -> int:
        """The memory that all hold, about."""
        return self._held_bytes

    def open(
        self, session_id: str, token: str, principal: Principal, channel_names: Sequence[str] = ()
    ) -> Transcript:
        """Begin one; whoever has the token, or the key of the principal, may read it."""
        it = Transcript(session_id, token, principal, channel_names, self)
        self._all[session_id] = it
        self.grown(it, it.held_bytes)
        return it

    def find(self, session_id: str, secret: str, now: float) -> Transcript | None:
        """Return a session's for whoever holds its token; None does not say what was wrong."""
        found = self._known(session_id, now)
        token = found.token if found else _NOBODYS
        right = hmac.compare_digest(secret.encode(errors="surrogatepass"), token.encode())
        return found if right else None

    def of_key(self, session_id: str, principal: Principal, now: float) -> Transcript:
        """Return a session's for whoever holds the key that it was opened with.

        Raises :class:`~streaming.errors.UnknownSession`, which doesn't say what was wrong.
        """
        found = self._known(session_id, now)
        if found is None or principal.anonymous or found.principal.key_id != principal.key_id:
            raise unknown()
        return found

    def _known(self, session_id: str, now: float) -> Transcript | None:
        self.expire(now)
        return self._all.get(session_id)

    def expire(self, now: float) -> None:
        """Forget those whose time is over."""
        for name in [name for name, until in self._ended.items() if until <= now]:
            self._forget(name)

    def grown(self, it: Transcript, size: int) -> None:
        """Hear that one holds so much more, and keep within the bounds."""
        self._held_bytes += size
        while it.held_bytes > self._bounds.session_bytes and self._shorten(it):
            pass
        while self._held_bytes > self._bounds.all_bytes and self._ended:
            self._forget(next(iter(self._ended)))
        while self._held_bytes > self._bounds.all_bytes and self._shorten(it):
            pass

    def _shorten(self, it: Transcript) -> bool:
        size = it.forget_oldest()
        self._held_bytes -= size
        return size > 0

    def end(self, it: Transcript, now: float) -> None:
        """Hear that one has ended: it is kept for a while."""
        if self._all.get(it.session_id) is not it:
            return
        self._ended[it.session_id] = now + self._bounds.keep_s
        if not self._bounds.keep_s:
            self._forget(it.session_id)
        else:
            self._heard_of_end()

    def _forget(self, name: str) -> None:
        self._ended.pop(name, None)
        self._held_bytes -= self._all.pop(name).held_bytes


def unknown() -> UnknownSession:
    """Return the one answer to every wrong name and every wrong secret."""
    return UnknownSession(
        "session: no such session is kept, or not for this token or key", field="session_id"
    )
